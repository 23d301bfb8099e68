from __future__ import "<script>"
