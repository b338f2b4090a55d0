# Everything that a change needs: `make build test lint`. Nothing here needs root; .ci/run installs what is missing.

GO ?= go
LINT := .ci/golangci-lint
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
FUZZTIME ?= 5s

.PHONY: build test services services-down lint generate bench cross fuzz clean

build: ## the program, for this machine
	$(GO) build -trimpath -o ./ ./cmd/uptimer

test: ## all tests; -race needs a C compiler
	$(GO) test -race -shuffle=on ./...

services: ## PostgreSQL and Kafka on loopback, for tests that need real servers
	dev/services/services up

services-down: ## stops them
	dev/services/services down

lint: ## what no test sees
	$(GO) vet ./...
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	$(GO) mod tidy -diff
	$(GO) test ./cmd/uptimer -run TestDocs
	$(LINT) run

generate: ## the tables in docs/ that are made from the code
	$(GO) test ./cmd/uptimer -run TestDocs -update

bench: ## Go's benchmarks, and the schedule at 10,000 targets
	$(GO) test -run '^$$' -bench . -benchmem ./...
	$(GO) run ./bench/schedule

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
