"use strict";
// Keeps the progress of a grading up to date: the service says when something happened, and this asks for the part again.
(() => {
  const place = document.getElementById("live");
  if (!place) return;
  let asked = false, again = false, finished = false;

  const refresh = async () => {
    if (asked || finished) { again = true; return; }
    asked = true;
    try {
      const answer = await fetch(place.dataset.part, { credentials: "same-origin" });
      if (answer.ok && !answer.redirected) {
        place.innerHTML = await answer.text();
        finished = place.querySelector("[data-busy]")?.dataset.busy === "no";
        if (finished) location.reload();
      }
    } catch { /* the service is away for a moment */ }
    asked = false;
    if (again && !finished) { again = false; setTimeout(refresh, 500); }
  };

  const events = new EventSource(place.dataset.events);
  for (const name of ["progress", "job", "done"]) events.addEventListener(name, refresh);
  // Where no event comes through, as behind a proxy that keeps them back.
  setInterval(refresh, 5000);
})();
