#!/usr/bin/env python3
"""Writes the README's C++ block to a file, so that the build compiles what readers copy. usage: README OUT"""
import re
import sys

blocks = re.findall(r"```cpp\n(.*?)```", open(sys.argv[1]).read(), re.S)
if len(blocks) != 1:
    sys.exit(f"the README holds {len(blocks)} C++ blocks; exactly one is expected")
open(sys.argv[2], "w").write(blocks[0])
