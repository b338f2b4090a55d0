# Everything that a change needs: `make build test lint`. Nothing here needs root; .ci/run installs what is missing.

GO ?= go
LINT := .ci/golangci-lint
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
FUZZTIME ?= 5s
SCENARIO ?= all
DURATION ?= 0
ROUNDS ?= 3
RATE ?= 0

.PHONY: build image test services services-down lint tidy generate bench bench-parts cross fuzz chaos chaos-control clean

build: ## the program, for this machine
	$(GO) build -trimpath -o ./ ./cmd/uptimer

image: ## the container image, with version and commit in it; needs Docker
	docker build -t uptimer --build-arg VERSION="$$(git describe --tags --always --dirty)" --build-arg COMMIT="$$(git rev-parse HEAD)" .

test: ## all tests; -race needs a C compiler
	GO="$(GO)" .ci/race -shuffle=on -timeout 25m
	$(GO) -C dev/compose test -race -shuffle=on -timeout 25m ./...

services: ## PostgreSQL and Kafka on loopback, for tests that need real servers
	dev/services/services up

services-down: ## stops them
	dev/services/services down

lint: ## what no test sees
	$(GO) vet ./...
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) mod tidy -diff
	$(GO) -C dev/compose vet ./...
	$(GO) -C dev/compose mod tidy -diff
	$(GO) test ./cmd/uptimer -run TestDocs
	$(LINT) run
	FOLDER=dev/compose $(LINT) run
	shellcheck -x -P SCRIPTDIR -S warning bin/*.sh dev/services/services .ci/commit-message .ci/golangci-lint .ci/install .ci/race .ci/run

tidy: ## go.mod of the product, and of dev/compose, which follows it
	$(GO) mod tidy
	$(GO) -C dev/compose mod tidy

generate: ## the tables in docs/ that are made from the code
	$(GO) test ./cmd/uptimer -run TestDocs -update

bench: ## uptimer beside a bare client, on a field of targets, and its events over Kafka: SCENARIO (a comma list), DURATION, ROUNDS and RATE; see docs/performance.md
	$(GO) run ./bench/run -scenario $(SCENARIO) -duration $(DURATION) -rounds $(ROUNDS) -rate $(RATE)

bench-parts: ## Go's benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

chaos: ## five minutes of faults with servers of its own: is anything lost or doubled?
	$(GO) run ./bench/chaos

chaos-control: ## the same with consumers that commit too early; it must be found
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && $(GO) build -o "$$folder/chaos" ./bench/chaos && \
	{ "$$folder/chaos" -duration 3m -control commit-before-store; [ $$? = 1 ]; } && echo "the control failed, as it must"

cross: ## vets and builds for every platform that is promised
	@set -e; for platform in $(PLATFORMS); do \
		echo "$$platform"; \
		export GOOS=$${platform%/*} GOARCH=$${platform#*/} CGO_ENABLED=0; \
		$(GO) vet ./...; \
		$(GO) build ./...; \
	done

fuzz: ## every fuzz target for FUZZTIME
	@set -e; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

clean: ## not the linter in bin/tools, which takes minutes to build
	rm -rf uptimer uptimer.exe dist
	find . -path ./.git -prune -o \( -name '*.test' -o -name '*.prof' -o -name '*.out' \) -exec rm -f {} +
