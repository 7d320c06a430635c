# Every target does its own set-up: a fresh machine needs Go, Node 20 or later
# and make. `make test` needs a C compiler too, for the race detector.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Processor of the builds for AWS; the template's Architecture must be the same.
ARCH ?= arm64
ifeq ($(filter arm64 x86_64 amd64,$(ARCH)),)
$(error ARCH is "$(ARCH)": it must be arm64 or x86_64)
endif

# make expands every $(…) on its command line: $(deviceId) would become empty, and
# every device would lose its id. Such values are refused. Variables in the
# environment reach the programs unchanged.
replaced := $(strip $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(if $(findstring $$,$(value $(name))),$(name)))))
ifneq ($(replaced),)
$(error $(replaced) on the command line of make contains a $$, and make would expand what follows it. Set it in the environment: $(firstword $(replaced))='…' make $(MAKECMDGOALS))
endif

GO      ?= go
GOARCH_OF_ARCH := $(if $(filter arm64,$(ARCH)),arm64,amd64)
# No commit in the binaries: unchanged code gives the same bytes, so nothing is deployed.
GOBUILD := CGO_ENABLED=0 $(GO) build -tags lambda.norpc -trimpath -buildvcs=false -ldflags '-s -w'
BINARIES := .build/functions
# The signpost command without the libraries for benchmarks and deployments, so that
# the local stack starts quickly.
signpost_local = mkdir -p .build && $(GOBUILD) -tags lambda.norpc,local -o .build/signpost-local ./infra/signpost
# The browsers that the tests look for, in this order. Debian's headless shell takes half
# the processor time of the whole Chromium.
BROWSERS := chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable chrome
GOFILES := find functions infra shared events -name node_modules -prune -o -name '*.go'

.PHONY: help build dev demo test test-all browser screenshots load bench simulate fuzz lint fmt modules release clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z][a-z-]*:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Everything else is a command of signpost: go run ./infra/signpost --help"

dev: modules build ## Run the whole stack on this machine: API :3000, Webex simulator :3001, DynamoDB :8000; Ctrl-C stops it
	@$(signpost_local)
	@exec .build/signpost-local dev

demo: modules build ## Play the story of one customer, step by step
	@$(signpost_local)
	@exec .build/signpost-local demo

# Chooses the cases that `make test` runs of the longest tests. Each run prints
# its number, which repeats the choice.
TEST_SEED := $(or $(TEST_SEED),$(shell date +%s))

# How many packages are tested at a time: more than processors, since the tests of many
# wait for a browser, a process or a simulated clock's second. The race detector would
# sleep for a second at the end of each package (GORACE).
TEST_PACKAGES ?= 4
# The packages whose tests take longest. They begin first, so that none runs alone at the end.
LONGEST := ./infra/local/console ./shared/lifecycle ./infra/local/demo/story
# Packages in which the race detector finds nothing and makes the tests take twice as
# long: their workers play processes that share nothing but the table, are processes of
# their own, or there are none. What they test runs under it in the other packages.
PROCESSES := ./shared/lifecycle/faults ./shared/lifecycle/model ./shared/lifecycle/simulation
WITHOUT_RACE := $(PROCESSES) ./infra/tests/faults ./infra/cloud

test: needs-go needs-cc modules browser build lint ## Lint, then test, the longest tests by a sample of their cases
	@echo "TEST_SEED=$(TEST_SEED) chooses the sample; make test-all runs all cases"
	@all="$$($(GO) list ./...)" without="$$($(GO) list $(WITHOUT_RACE))"; \
	  TEST_SEED=$(TEST_SEED) GORACE=atexit_sleep_ms=50 CGO_ENABLED=1 \
	  $(GO) test -race -shuffle=on -p $(TEST_PACKAGES) $(LONGEST) $$(grep -vxF "$$without" <<<"$$all")
	@echo "tests that the race detector would change or only slow down, without it"
	TEST_SEED=$(TEST_SEED) $(GO) test -shuffle=on -p $(TEST_PACKAGES) $(WITHOUT_RACE)
	$(GO) test -run Allocates ./shared/lifecycle ./shared/gateway/crosslaunch

test-all: test ## The tests of make test, then all cases of the longest ones, and two builds of a release
	$(GO) test -timeout 30m $(PROCESSES)
	$(GO) test -run SameBytes ./infra/release
	$(GO) test -run FloodOfTheStack ./infra/tests/attack

browser: ## Install Chromium for the tests, if no Chrome or Chromium is found (Debian, as root)
	@for name in "$${BROWSER_PROGRAM:-}" $(BROWSERS); do if [ -n "$$name" ] && command -v "$$name" >/dev/null; then exit 0; fi; done; \
	  if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq; shell="$$(apt-cache search --names-only '^chromium-headless-shell$$' | cut -d' ' -f1)"; \
	    echo "browser: installing Debian's $${shell:-chromium}"; \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$${shell:-chromium}"; \
	  elif command -v apt-get >/dev/null; then echo "browser: no Chrome or Chromium found. Run: sudo apt-get install -y chromium" >&2; exit 1; \
	  else echo "browser: no Chrome or Chromium found. Install one, or set BROWSER_PROGRAM to its path" >&2; exit 1; fi

screenshots: needs-go modules browser build ## Update the documents' screenshots in infra/screenshots
	PICTURES=$(CURDIR)/infra/screenshots $(GO) test -count=1 -run 'TestPictures|TestSupportConsole' ./infra/local/console

load: modules build ## Load a local stack to saturation for LOAD_SECONDS (default 60) and check every answer
	@$(signpost_local)
	@exec .build/signpost-local load

bench: needs-go modules build ## Measure everything that has a target, in under 10 minutes; writes infra/bench/results
	@mkdir -p .build/bench
	@$(GOBUILD) -o .build/bench/floor ./infra/bench/floor
	@CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w' -o .build/bench/floor-plain ./infra/bench/floor
	@$(GO) build -buildvcs=false -o .build/bench/ ./infra/signpost ./infra/bench/verifier
	@exec .build/bench/signpost bench

simulate: needs-go modules ## Verify a million installations for a week, each day and each hour, on a virtual clock: 15 minutes, 4 GB
	SIMULATION_OUTPUT=$(CURDIR)/infra/bench/results/simulation.md $(GO) test -count=1 -timeout 60m -run TestWeek ./shared/lifecycle/simulation -v

fuzz: needs-go modules ## Run each fuzz target for FUZZTIME (default 30s)
	@set -e; for package in $$($(GO) list ./shared/...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "== $$package $$target"; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(or $(FUZZTIME),30s) $$package; \
	  done; done

lint: needs-go ## Check formatting, vet, staticcheck and the template
	@unformatted="$$($(GOFILES) -exec gofmt -l {} +)"; \
	  if [ -n "$$unformatted" ]; then echo "lint: not gofmt'd (make fmt does it):"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags local ./infra/signpost
	$(GO) tool staticcheck ./...
	@if command -v cfn-lint >/dev/null; then echo cfn-lint template.yaml; cfn-lint template.yaml; \
	  else echo "lint: cfn-lint is not installed; template.yaml is checked by the Go tests only"; fi

fmt: needs-go ## Format the Go code
	$(GOFILES) -exec gofmt -w {} +

build: needs-go ## Build every function for this machine, into .build/functions
	@mkdir -p $(BINARIES)
	GOOS=$$($(GO) env GOHOSTOS) GOARCH=$$($(GO) env GOHOSTARCH) $(GOBUILD) -o $(BINARIES)/ ./functions/...

modules: needs-node infra/node_modules/.package-lock.json ## Install the npm packages

release: needs-go ## Write dist/: functions, templates and the signpost command for every platform, checksums, software bill of materials
	@$(GO) run ./infra/signpost release

clean: ## Remove builds, node modules and local data
	rm -rf .build .local .aws-sam dist infra/node_modules

# npm writes this file last, so it exists only if everything was installed.
infra/node_modules/.package-lock.json: infra/package-lock.json infra/package.json
	cd infra && npm ci
	@touch $@

# `sam build` calls these, one per function of the template: a function's
# folder is its logical id without "Function", in lower case. A release and
# `signpost deploy` use this rule too, so it ignores the environment's Go settings.
build-%Function:
	@test -n "$(ARTIFACTS_DIR)" || { echo "build-$*Function: ARTIFACTS_DIR is not set; sam build sets it" >&2; exit 1; }
	@echo "$*Function for $(ARCH), by make's ARCH: the template's parameter Architecture must be the same"
	@folder=$$(printf %s '$*' | tr '[:upper:]' '[:lower:]'); \
	  GOFLAGS= GOAMD64=v1 GOARM64=v8.0 GOOS=linux GOARCH=$(GOARCH_OF_ARCH) $(GOBUILD) -o "$(ARTIFACTS_DIR)/bootstrap" "./functions/$$folder"

.PHONY: needs-go needs-node needs-cc

needs-go:
	@command -v $(GO) >/dev/null || { echo "Go is missing: install Go 1.26 or later (https://go.dev/dl/)" >&2; exit 1; }

needs-node:
	@command -v node >/dev/null && command -v npm >/dev/null || { echo "Node is missing: install Node 22 or later with npm (https://nodejs.org); 20 still works" >&2; exit 1; }
	@node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' || { echo "Node $$(node --version) is too old: install Node 22 or later; 20 still works" >&2; exit 1; }

needs-cc:
	@command -v "$$($(GO) env CC | cut -d' ' -f1)" >/dev/null || { echo "No C compiler ($$($(GO) env CC)): the race detector needs one; install gcc, or clang and set CC" >&2; exit 1; }
