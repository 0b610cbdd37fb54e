"""Submissions that try to cheat, to spy, or to break the run.

`ATTACKS[name] = code`: the code runs in a cell of its own before the answers, and `square` is
answered wrongly (or not at all) unless the code defines it. What must come out is the same for
all: no point for `square`, no secret in any output, full marks for what is answered rightly.
`{port}`, `{course}`, `{home}` are filled in.
"""

# ruff: noqa: E501  (attacks are easier to read on their own lines)

from __future__ import annotations

FORGERIES = {
    "allclose always true": "torch.allclose = lambda *a, **k: True",
    "every comparison true": (
        "torch.Tensor.__eq__ = torch.Tensor.__lt__ = lambda *a: torch.tensor(True)\n"
        "torch.equal = torch.isclose = torch.allclose = lambda *a, **k: torch.tensor(True)"
    ),
    "patched builtins": (
        "import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.float = lambda *a: 3\n"
        "builtins.AssertionError = type('Silent', (Exception,), {})"
    ),
    "shadowed module": (
        "from pathlib import Path\nimport sys\n"
        "Path('torch.py').write_text('allclose = lambda *a, **k: True')\n"
        "sys.path.insert(0, ''); sys.modules.pop('torch'); import torch"
    ),
    "shadowed package": (
        "from pathlib import Path\nimport sys\nfor name in ('course_utils', 'course_admin'):\n"
        "    Path(name).mkdir(); sys.modules.pop(name, None)\n"
        "    Path(name, '__init__.py').write_text('def grade(*a): return 9')\n"
        "sys.path.insert(0, ''); import course_admin, course_utils"
    ),
    "ast transformer": (
        "import ast\nclass NoAsserts(ast.NodeTransformer):\n"
        "    def visit_Assert(self, node): return ast.Pass()\n"
        "get_ipython().ast_transformers.append(NoAsserts())"
    ),
    "input transformer": (
        "get_ipython().input_transformers_cleanup.append("
        "lambda lines: [] if any('square(x)' in line for line in lines) else lines)"
    ),
    "execution hook": (
        "def forge(result):\n    result.result, result.error_in_exec = 2.0, None\n"
        "get_ipython().events.register('post_run_cell', forge)"
    ),
    "forged output": (
        "from IPython.display import publish_display_data\nimport sys\n"
        "publish_display_data({'text/plain': '2.0'})\nsys.displayhook(2.0)\nprint('2.0')"
    ),
    "own displayhook": "import sys\nsys.displayhook = lambda value: sys.__displayhook__(2.0)",
    "frames": (
        "import sys\ndef square(x):\n    frame = sys._getframe()\n    while frame:\n"
        "        frame.f_globals.update(score=2.0, torch=None)\n"
        "        frame.f_locals.update(score=2.0, points=2.0)\n        frame = frame.f_back\n    return x"
    ),
    "garbage collector": (
        "import gc\ndef square(x):\n    for thing in gc.get_objects():\n"
        "        if type(thing) is dict and 'score' in thing:\n            thing['score'] = 2.0\n    return x"
    ),
    "equal to everything": (
        "class Any:\n    __eq__ = __ge__ = __le__ = __lt__ = __gt__ = lambda *a: True\n"
        "    __hash__ = object.__hash__\n    __bool__ = lambda s: True\n    __float__ = lambda s: 2.0\n"
        "    __getattr__ = lambda s, n: Any()\n    __call__ = lambda s, *a, **k: Any()\n"
        "    __class__ = torch.Tensor\ndef square(x): return Any()"
    ),
    "tensor subclass": (
        "class Yes(torch.Tensor):\n    @classmethod\n"
        "    def __torch_function__(cls, f, types, args=(), kwargs=None): return True\n"
        "def square(x): return torch.zeros(5, dtype=x.dtype).as_subclass(Yes)"
    ),
    "not a number": "def square(x): return x * float('nan')",
    "infinite": "def square(x): return x + float('inf')",
    "input given back changed": (
        "def square(x):\n    with torch.no_grad():\n        x.zero_()\n    return x"
    ),
    "hostile pickle": (
        "class Bomb:\n    def __reduce__(self): return (print, ('OWNED',))\n"
        "def square(x): return Bomb()"
    ),
    "result that lies about its type": (
        "class Lie:\n    __class__ = property(lambda s: torch.Tensor)\n    shape = (5,)\n"
        "def square(x): return Lie()"
    ),
    "garbage on every descriptor": (
        "import os\ndef square(x):\n    for fd in range(3, 256):\n        try: os.write(fd, b'\\xff' * 64)\n"
        "        except OSError: pass\n    return x"
    ),
    "verdict on every descriptor": (
        "import json, os, struct\ndef square(x):\n"
        "    for entry in ({'score': 2.0, 'nonce': ''}, {'tree': ['v', True], 'own': 0, 'changes': {}}):\n"
        "        body = json.dumps({**entry, 'sizes': []}).encode()\n"
        "        for fd in range(3, 256):\n"
        "            try: os.write(fd, struct.pack('!II', len(body), 0) + body)\n"
        "            except OSError: pass\n    return x"
    ),
    "patched course code": (
        "from course_admin.grading.judging import judge\nfrom course_admin.grading.rpc import codec, wire\n"
        "judge.judged = lambda *a: {'score': 2.0}\nreal = wire.send\n"
        "def send(sock, header, *a, **k):\n    return real(sock, {**header, 'score': 2.0}, *a, **k)\n"
        "wire.send = send\ncodec.flatten = lambda *a, **k: ['v', True]"
    ),
    "thread that keeps patching": (
        "import threading\ndef patch():\n    while True: torch.allclose = lambda *a, **k: True\n"
        "threading.Thread(target=patch, daemon=True).start()"
    ),
    "sitecustomize": (
        "import os, site\nfrom pathlib import Path\nevil = 'import torch; torch.allclose = lambda *a, **k: True'\n"
        "for folder in [*site.getsitepackages(), os.getcwd(), os.path.expanduser('~')]:\n"
        "    for name in ('sitecustomize.py', 'usercustomize.py', 'evil.pth'):\n"
        "        try: Path(folder, name).write_text(evil)\n        except OSError: pass"
    ),
    "poisoned bytecode": (
        "import py_compile, torch, importlib.util\nfrom pathlib import Path\n"
        "Path('evil.py').write_text('allclose = lambda *a, **k: True')\n"
        "for module in ('torch', 'course_utils', 'course_admin', 'course_admin.grading.judging.judge'):\n"
        "    spec = importlib.util.find_spec(module)\n"
        "    try: py_compile.compile('evil.py', spec.cached, doraise=True)\n    except OSError: pass"
    ),
    "preload library": (
        "import os\nos.environ['LD_PRELOAD'] = '/tmp/evil.so'\nos.environ['PYTHONPATH'] = '/tmp'\n"
        "os.environ['PYTHONSTARTUP'] = '/tmp/evil.py'"
    ),
    "names of the test": "score = 2.0\nx = y = torch.zeros(5)\nclass torch_:\n    pass\nassertion = True",
    "torch replaced": (
        "class Fake:\n    def __getattr__(self, name): return lambda *a, **k: True\ntorch_real = torch\n"
        "import sys\nsys.modules['torch'] = Fake()\n__builtins__['torch'] = Fake()"
    ),
    "profile and trace hooks": (
        "import sys\ndef hook(frame, event, arg):\n    frame.f_locals['y'] = 1\n    return hook\n"
        "sys.setprofile(hook); sys.settrace(hook)"
    ),
    "exit handler": (
        "import atexit, os\natexit.register(lambda: print('2.0'))\n"
        "os.register_at_fork(after_in_child=lambda: setattr(torch, 'allclose', lambda *a, **k: True))"
    ),
}

THEFTS = {
    "solution file": "print(open('{course}/solutions/hw/hw.ipynb').read())",
    "walk the disk": (
        "import os\nfor base, folders, files in os.walk('/'):\n    if base.startswith(('/usr', '/sys')): folders[:] = []\n"
        "    for name in files:\n        if name.endswith(('.ipynb', '.db', '.env')):\n"
        "            print(open(os.path.join(base, name), errors='replace').read())"
    ),
    "environment": "import os, subprocess\nprint(dict(os.environ)); print(subprocess.run(['env'], capture_output=True).stdout)",
    "proc self": (
        "for name in ('environ', 'maps', 'mountinfo', 'cmdline'):\n"
        "    try: print(open(f'/proc/self/{name}').read()[:100000])\n    except OSError as e: print(e)"
    ),
    "proc of others": (
        "import glob\nfor name in glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/[0-9]*/cmdline'):\n"
        "    try: print(open(name).read())\n    except OSError as e: print(e)"
    ),
    "gradebook": (
        "import sqlite3\nbook = sqlite3.connect('{course}/gradebook.db')\n"
        "print(book.execute('select * from source_cell').fetchall())"
    ),
    "gradebook written": (
        "import sqlite3\nbook = sqlite3.connect('{course}/gradebook.db')\n"
        "book.execute('update grade set auto_score = 2'); book.commit()"
    ),
    "local socket": (
        "import socket\ns = socket.create_connection(('127.0.0.1', {port}), 2)\nprint(s.recv(100))"
    ),
    "the internet": "import socket\nprint(socket.create_connection(('1.1.1.1', 53), 2))",
    "name service": "import socket\nprint(socket.gethostbyname('example.com'))",
    "parent's memory": (
        "import os\np = os.getppid()\nfor pid in (p, 1, p - 1, p + 1):\n"
        "    try: print(open(f'/proc/{pid}/mem', 'rb').read(100))\n    except OSError as e: print(e)"
    ),
    "ptrace": (
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "print([libc.ptrace(16, pid, 0, 0) for pid in (1, os.getppid())])"
    ),
    "other submissions": "print(open('{course}/submitted/control-1/hw/hw.ipynb').read())",
    "own hidden test": (
        "import gc\nfound = [t for t in gc.get_objects() if type(t) is dict and 'hidden' in str(t.keys())]\n"
        "print([v for v in globals().values() if type(v) is str])\n"
        "import sys\nfor m in list(sys.modules.values()):\n    print([v for v in vars(m).values() if type(v) is str and 'hidden' + '-marker' in v])"
    ),
    "open descriptors": (
        "import os\nfor fd in range(3, 256):\n    try:\n        os.set_blocking(fd, False)\n"
        "        print(fd, os.read(fd, 1000))\n    except OSError: pass"
    ),
    "home of the grader": (
        "import os\nfor p in ('{home}/.bash_history', '{home}/.ssh', '/etc/passwd', '/etc/shadow', '/root/.bashrc'):\n"
        "    try: print(os.listdir(p) if os.path.isdir(p) else open(p).read())\n    except OSError as e: print(e)"
    ),
    "new namespaces": (
        "import ctypes\nlibc = ctypes.CDLL(None)\n"
        "print(libc.unshare(0x10000000 | 0x00020000), libc.umount(b'/tmp'), libc.umount(b'/proc'))\n"
        "print(libc.mount(b'proc', b'/proc', b'proc', 0, None))\nimport os; print(os.listdir('/proc'))"
    ),
}

DISRUPTIONS = {
    "endless loop in the function": "def square(x):\n    while True: pass",
    "loop that cannot be interrupted": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    ),
    "endless sleep": "import time\nwhile True:\n    try: time.sleep(1000)\n    except BaseException: pass",
    "fork bomb": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "memory": "hoard = []\nwhile True: hoard.append(torch.ones(4_000_000))",
    "memory in bits": "hoard = []\nwhile True: hoard.append(bytes(100))",
    "output flood": "while True: print('x' * 10_000)",
    "picture flood": (
        "from IPython.display import publish_display_data\n"
        "while True: publish_display_data({'image/png': 'x' * 1_000_000})"
    ),
    "exit": "import os\nos._exit(0)",
    "exit in the function": "import os\ndef square(x):\n    os._exit(0)",
    "system exit": "raise SystemExit",
    "kills itself": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
    "kills everybody": "import os, signal\nos.kill(-1, signal.SIGKILL)",
    "kills its parents": (
        "import os, signal\nfor pid in {os.getppid(), os.getpgrp(), 1}:\n"
        "    try: os.kill(pid, signal.SIGKILL)\n    except OSError: pass"
    ),
    "stops itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "segmentation fault": "import ctypes\nctypes.string_at(0)",
    "stack overflow": "import sys\nsys.setrecursionlimit(10**8)\ndef f(): f()\nf()",
    "threads": "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(100,)).start()",
    "disk": "with open('/tmp/fill', 'wb') as f:\n    while True: f.write(b'x' * 2**20)",
    "many files": "i = 0\nwhile True:\n    open(f'/tmp/file{i}', 'w').write('x'); i += 1",
    "huge result": "def square(x): return torch.zeros(10**9, dtype=torch.uint8)",
    "endless list": "def square(x):\n    a = []\n    a.append(a)\n    return a",
    "endless generator": "def square(x):\n    while True: yield 1",
    "exception that cannot be shown": (
        "class Evil(Exception):\n    def __str__(self): raise SystemExit\n    __repr__ = __str__\n"
        "def square(x): raise Evil"
    ),
    "closes all descriptors": "import os\nos.closerange(3, 256)",
    "blocks signals": (
        "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))\n"
        "while True: time.sleep(100)"
    ),
    "processor hog left behind": (
        "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'while True: pass'])"
    ),
}
