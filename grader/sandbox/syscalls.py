"""The system calls that a submission may make, by name, with their numbers on x86_64 and aarch64.

Numbers: Linux `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h`. What is not here does
not exist inside the sandbox. Left out on purpose although harmless elsewhere: memfd_create and System V shared memory,
whose pages no process limit counts, as little as those that mmap shares without a file; and mknod, which makes FIFOs
and devices.
"""

# name=x86_64/aarch64; "-" where the architecture lacks it.
_ALLOWED = """
# files and folders
read=0/63 write=1/64 readv=19/65 writev=20/66 pread64=17/67 pwrite64=18/68 preadv=295/69 pwritev=296/70
preadv2=327/286 pwritev2=328/287 open=2/- openat=257/56 openat2=437/437 creat=85/- close=3/57 close_range=436/436
lseek=8/62 stat=4/- fstat=5/80 lstat=6/- newfstatat=262/79 statx=332/291 statfs=137/43 fstatfs=138/44 access=21/-
faccessat=269/48 faccessat2=439/439 readlink=89/- readlinkat=267/78 getdents=78/- getdents64=217/61 getcwd=79/17
chdir=80/49 fchdir=81/50 mkdir=83/- mkdirat=258/34 rmdir=84/- rename=82/- renameat=264/38 renameat2=316/276
link=86/- linkat=265/37 symlink=88/- symlinkat=266/36 unlink=87/- unlinkat=263/35 truncate=76/45 ftruncate=77/46
fallocate=285/47 fadvise64=221/223 chmod=90/- fchmod=91/52 fchmodat=268/53 chown=92/- fchown=93/55 lchown=94/-
fchownat=260/54 umask=95/166 utimensat=280/88 utime=132/- utimes=235/- futimesat=261/- fsync=74/82 fdatasync=75/83
flock=73/32 sendfile=40/71 copy_file_range=326/285 readahead=187/213 getxattr=191/8 lgetxattr=192/9 fgetxattr=193/10
listxattr=194/11 llistxattr=195/12 flistxattr=196/13 fcntl=72/25 dup=32/23 dup2=33/- dup3=292/24 pipe=22/-
pipe2=293/59
# waiting
poll=7/- ppoll=271/73 select=23/- pselect6=270/72 epoll_create=213/- epoll_create1=291/20 epoll_ctl=233/21
epoll_wait=232/- epoll_pwait=281/22 epoll_pwait2=441/441 eventfd=284/- eventfd2=290/19 timerfd_create=283/85
timerfd_settime=286/86 timerfd_gettime=287/87 signalfd=282/- signalfd4=289/74
# memory
brk=12/214 munmap=11/215 mprotect=10/226 mremap=25/216 msync=26/227 madvise=28/233 mlock=149/228
munlock=150/229 get_mempolicy=239/236 membarrier=324/283
# processes and threads
fork=57/- vfork=58/- execve=59/221 execveat=322/281 exit=60/93 exit_group=231/94 wait4=61/260 waitid=247/95
getpid=39/172 getppid=110/173 gettid=186/178 getpgid=121/155 getpgrp=111/- setpgid=109/154 getsid=124/156
setsid=112/157 kill=62/129 tkill=200/130 tgkill=234/131 set_tid_address=218/96 set_robust_list=273/99
get_robust_list=274/100 rseq=334/293 futex=202/98 futex_waitv=449/449 arch_prctl=158/- sched_yield=24/124
sched_getaffinity=204/123 sched_setaffinity=203/122 sched_getparam=143/121 sched_getscheduler=145/120
sched_get_priority_max=146/125 sched_get_priority_min=147/126 sched_rr_get_interval=148/127 getcpu=309/168
getpriority=140/141 setpriority=141/140 getrlimit=97/163 setrlimit=160/164 prlimit64=302/261 getrusage=98/165
times=100/153 restart_syscall=219/128 getuid=102/174 geteuid=107/175 getgid=104/176 getegid=108/177
getresuid=118/148 getresgid=120/150 getgroups=115/158 setuid=105/146 setgid=106/144 setresuid=117/147
setresgid=119/149 setreuid=113/145 setregid=114/143 setgroups=116/159 capget=125/90 capset=126/91
# signals and clocks
rt_sigaction=13/134 rt_sigprocmask=14/135 rt_sigpending=127/136 rt_sigreturn=15/139 rt_sigsuspend=130/133
rt_sigtimedwait=128/137 rt_sigqueueinfo=129/138 rt_tgsigqueueinfo=297/240 sigaltstack=131/132 pause=34/- alarm=37/-
getitimer=36/102 setitimer=38/103 nanosleep=35/101 clock_nanosleep=230/115 clock_gettime=228/113
clock_getres=229/114 gettimeofday=96/169 time=201/- timer_create=222/107 timer_settime=223/110 timer_gettime=224/108
timer_getoverrun=225/109 timer_delete=226/111
# the rest
getrandom=318/278 uname=63/160 sysinfo=99/179 sendto=44/206 sendmsg=46/211 sendmmsg=307/269 recvfrom=45/207
recvmsg=47/212 recvmmsg=299/243 shutdown=48/210 getsockopt=55/209 getsockname=51/204
getpeername=52/205
"""

# Allowed for some arguments only; `seccomp` says which.
_CHECKED = """
clone=56/220 mmap=9/222 socketpair=53/199 setsockopt=54/208 ioctl=16/29 prctl=157/167
"""

# Answered with "not permitted": programs report it better than a call that does not exist.
_REFUSED = """
socket=41/198 unshare=272/97 setns=308/268 mount=165/40 umount2=166/39 pivot_root=155/41 chroot=161/51
ptrace=101/117 process_vm_readv=310/270 mknod=133/- mknodat=259/33 keyctl=250/219 add_key=248/217
request_key=249/218 bpf=321/280 perf_event_open=298/241 userfaultfd=323/282 io_uring_setup=425/425
kexec_load=246/104 memfd_create=319/279
"""

ARCHITECTURES = ("x86_64", "aarch64")


def _numbers(table: str, architecture: str) -> dict[str, int]:
    column = ARCHITECTURES.index(architecture)
    rows = (row for row in table.splitlines() if not row.startswith("#"))
    pairs = (entry.split("=") for row in rows for entry in row.split())
    numbers = ((name, both.split("/")[column]) for name, both in pairs)
    return {name: int(number) for name, number in numbers if number != "-"}


def allowed(architecture: str) -> dict[str, int]:
    """Calls that are allowed whatever their arguments."""
    return _numbers(_ALLOWED, architecture)


def checked(architecture: str) -> dict[str, int]:
    """Calls whose arguments decide."""
    return _numbers(_CHECKED, architecture)


def refused(architecture: str) -> dict[str, int]:
    """Calls that are answered with EPERM."""
    return _numbers(_REFUSED, architecture)
