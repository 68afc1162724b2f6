# The two commands: `make run` shows it, `make test` proves it.  Both do all the set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := bind9 bind9-dnsutils knot pdns-server pdns-backend-sqlite3 openssl \
  coturn dnsmasq-base iproute2 iputils-ping miniupnpd nftables strace
PACKERS := nsis gcc-mingw-w64-x86-64-posix binutils-mingw-w64-x86-64

# Windows' Python under Wine: `make test` runs the tests by it too, `make windows` compiles with it.
WINDOWS := .windows
# What `make windows` may be told: another Python (python.org's embeddable zip), and a command that signs.
PYTHON_EMBED ?=
SIGN ?=

.PHONY: run test test-linux test-windows crash fuzz laws soak bench docs format wheel sbom audit setup dev peers nsupdate \
  lock lock-windows clean windows windows-lab

run: setup
	$(BIN)/homeport demo --changes 8

# Both side by side, what each says in one piece: while one waits, the other works.
test: dev peers nsupdate windows-lab
	$(MAKE) --output-sync=target -j2 test-linux test-windows

# WORKERS=0 runs one test after the other.
WORKERS ?= 3
test-linux: dev peers nsupdate windows-lab
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# Kill -9 at a thousand moments, against BIND; about ten minutes.  KILLS=40 is what `make test` does.
KILLS := 1000
crash: dev peers
	$(BIN)/python -m tests.crash $(KILLS)

# Every reader of octets that others wrote, MINUTES each; what is found lies in tests/fuzz/found.
MINUTES ?= 1
fuzz: dev
	$(BIN)/python -m tests.fuzz $(MINUTES) $(LAWS)

# The laws, with other examples than those of `make test`, and twenty times as many.
laws: dev
	$(BIN)/pytest --hypothesis-profile=others tests/core tests/wire tests/config tests/sources tests/state tests/net

# The fault lab: lives of an agent in virtual time.  A seed that fails prints how to see its story.
SEEDS := 10000
FROM := 1
soak: dev
	$(BIN)/python -m tests.faults --gates 1
	$(BIN)/python -m tests.faults --soak $(SEEDS) --from $(FROM)

# All that tests/conftest.py does not keep for Linux.  Wine makes single tests slow, which is no defect.
test-windows: dev windows-lab
	$(WINDOWS)/winpython -m pytest -p no:cacheprovider -o timeout=1800

# The setup program, in dist/; the same source gives the same octets.
windows: dev windows-lab
	$(BIN)/python -m scripts.windows_setup --lab $(WINDOWS) \
	  $(if $(PYTHON_EMBED),--embed "$(PYTHON_EMBED)") $(if $(SIGN),--sign "$(SIGN)")

windows-lab: $(WINDOWS)/ready.stamp
	@missing=""; for package in $(PACKERS); do \
	  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing$$missing"; apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else echo "these Debian packages are missing and only root can install them:$$missing" >&2; exit 1; fi

# Wine 10 of Debian 13, Windows' Python of PyPI, the packages of the locks, and this source where it lies.
$(WINDOWS)/ready.stamp: scripts/windows-lab requirements/windows.txt requirements/windows-dev.txt
	scripts/windows-lab -s trixie -l zh_CN.UTF-8 -t $(WINDOWS)
	$(WINDOWS)/winpython -m pip install -q --disable-pip-version-check --no-warn-script-location \
	  --only-binary=:all: --require-hashes -r requirements/windows.txt -r requirements/windows-dev.txt
	printf 'Z:%s\\src\r\n' "$$(pwd | tr / '\\')" >$(WINDOWS)/prefix/drive_c/Python/Lib/site-packages/homeport.pth
	@touch $@

bench: dev peers
	$(BIN)/python -m bench

docs: dev
	$(BIN)/python -m scripts.docs
	$(BIN)/python -m scripts.picture

format: dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The same commit gives the same wheel, to the octet: its time is the commit's.
wheel: dev
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m hatchling build -t wheel -d dist
	cd dist && sha256sum *.whl

# What is shipped, as CycloneDX 1.6, in dist/.
sbom: dev
	$(BIN)/python -m scripts.sbom

# Does anybody know a hole in what is shipped?  It asks PyPI; tests do not.  A mirror often cannot tell: that is an error.
audit: $(VENV)/audit.stamp
	$(VENV)/audit/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes -r requirements/run.txt

$(VENV)/audit.stamp: $(VENV)/bin/python requirements/audit.txt
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/audit.txt
	@touch $@

setup: $(VENV)/run.stamp
dev: $(VENV)/dev.stamp

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Homeport needs Python 3.11 or newer, this is " + sys.version) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; \
	  else echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; fi; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: $(VENV)/bin/python pyproject.toml requirements/run.txt requirements/build.txt
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt -r requirements/run.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.txt
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

# The real servers that the tests talk to.  Only root can install them.  RUNLEVEL=1: do not start them.
peers:
	@missing=""; for package in $(PEERS); do \
	  dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing$$missing"; apt-get update -qq && \
	  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else echo "these Debian packages are missing and only root can install them:$$missing" >&2; exit 1; fi

# A real nsupdate.info server that the tests talk to; its Django is none of our business.
nsupdate: $(VENV)/nsupdate.stamp

$(VENV)/nsupdate.stamp: $(VENV)/bin/python requirements/nsupdate.txt
	$(PYTHON) -m venv $(VENV)/nsupdate
	$(VENV)/nsupdate/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/nsupdate.txt
	@touch $@

# Newer versions of what we depend on: `make lock`, then look at the difference.  Lock with the oldest Python
# that we support (PYTHON=/usr/bin/python3 on Debian 12): what needs a newer one is then left out.
lock: dev
	$(BIN)/pip install -q pip-tools
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links -o requirements/build.txt requirements/build.in
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links -o requirements/run.txt pyproject.toml
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links -o requirements/dev.txt requirements/dev.in
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links -o requirements/nsupdate.txt requirements/nsupdate.in
	$(BIN)/pip-compile -q --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links -o requirements/audit.txt requirements/audit.in
	$(MAKE) lock-windows

# By Windows' own pip, which alone knows what Windows needs; versions as in the other locks.
WINDOWS_COMPILE = cd requirements && ../$(WINDOWS)/winpython -m piptools compile -q --generate-hashes --strip-extras \
  --allow-unsafe --no-emit-index-url --no-emit-find-links
lock-windows: windows-lab
	$(WINDOWS)/winpython -m pip install -q --disable-pip-version-check --no-warn-script-location pip-tools
	$(WINDOWS_COMPILE) --extra keyring --extra google --extra lexicon -c run.txt -c dev.txt -o windows.txt ../pyproject.toml
	$(WINDOWS_COMPILE) -o windows-dev.txt windows-dev.in

clean:
	rm -rf $(VENV) $(WINDOWS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
