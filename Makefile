# Every target has a line in `make help`.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
SAMPLE   ?= config/samples/quickstart.yaml
LDFLAGS  := -s -w -X main.version=$(VERSION)
IMG      ?= energytwin:$(VERSION)
GOARCH   ?= $(shell go env GOARCH)
OUT      ?= bin/energytwin-$(GOARCH).tar

# What `make deploy` installs: default (all namespaces) or namespaced, and where.
OVERLAY   ?= default
NAMESPACE ?= energytwin-system
MANIFESTS := GOOS= GOARCH= go -C hack/packaging run ./install -namespace $(NAMESPACE)

LINT_VERSION := v2.15.0
LINT         := bin/golangci-lint-$(LINT_VERSION)

# The cluster of `make kind-up`.
KIND_CLUSTER ?= energytwin

# What the user interface is made of.
WEB_SOURCES = $(wildcard $(shell git ls-files --cached --others --exclude-standard web docs/reference/openapi.json))

##@ Use
.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: packages-run build ## Run a first twin on this machine (SAMPLE=file, ARGS="flags of local")
	bin/energytwin local -f $(SAMPLE) $(ARGS)

##@ Build
.PHONY: build
build: web ## Build bin/energytwin with the user interface in it
	go build -ldflags '$(LDFLAGS)' -o bin/energytwin ./cmd/energytwin

.PHONY: web
web: web/dist/index.html ## Build the user interface into web/dist

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	@find web/dist -mindepth 1 ! -name .gitkeep -delete
	cd web && npm run --silent build
	@touch $@

web/node_modules/.package-lock.json: web/package-lock.json
	@hack/check-node
	cd web && npm ci --no-audit --no-fund
	@touch $@

.PHONY: image
image: ## Build the container image with docker (IMG=name:tag, PLATFORMS=linux/amd64,linux/arm64)
	docker buildx build --platform $${PLATFORMS:-linux/$(GOARCH)} --build-arg VERSION=$(VERSION) -t $(IMG) .

.PHONY: image-archive
image-archive: web ## Pack the image into a file without docker (IMG=name:tag, OUT=file.tar, GOARCH=amd64 or arm64)
	CGO_ENABLED=0 GOOS=linux GOARCH=$(GOARCH) \
		go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/energytwin-linux-$(GOARCH) ./cmd/energytwin
	GOOS= GOARCH= go -C hack/packaging run ./imagearchive \
		-binary $(CURDIR)/bin/energytwin-linux-$(GOARCH) -arch $(GOARCH) -name $(IMG) -out $(abspath $(OUT))

.PHONY: dist
dist: ## Write what installs the operator into dist: install files and Helm chart (IMG=name:tag, else the one in config)
	GOOS= GOARCH= go -C hack/packaging run ./dist $(if $(filter file,$(origin IMG)),,-image $(IMG))

.PHONY: pin
pin: ## Write an image by its digest into config and dist (IMG=repository:tag@sha256:…, as hack/ci/push prints it)
	GOOS= GOARCH= go -C hack/packaging run ./pin -image '$(if $(filter file,$(origin IMG)),,$(IMG))'
	GOOS= GOARCH= go -C hack/packaging run ./dist

##@ Install
.PHONY: deploy
deploy: ## Install the operator into the cluster of kubectl (IMG=name:tag, OVERLAY=namespaced NAMESPACE=name for one namespace)
	$(MANIFESTS) -overlay $(OVERLAY) -image $(IMG) | kubectl apply --server-side --force-conflicts -f -
	kubectl -n $(NAMESPACE) rollout status deployment/energytwin-operator --timeout=5m

.PHONY: undeploy
undeploy: ## Remove the operator (OVERLAY, NAMESPACE as for deploy); twins run on, and the CRD stays
	$(MANIFESTS) -overlay $(OVERLAY) -without CustomResourceDefinition | kubectl delete --ignore-not-found -f -
	kubectl -n $(NAMESPACE) delete lease operator.twin.energytwin.dev --ignore-not-found # the operator made it

.PHONY: deploy-crd
deploy-crd: ## Install the CRD alone, as OVERLAY=namespaced needs it
	$(MANIFESTS) -overlay crd | kubectl apply --server-side --force-conflicts -f -

.PHONY: undeploy-crd
undeploy-crd: ## Remove the CRD, if no twin is left
	@hack/undeploy-crd

.PHONY: kind-up
kind-up: ## Start a cluster in Docker with kind, and install the operator of this checkout there (KIND_CLUSTER=name)
	@hack/check-kind
	kind get clusters | grep -x '$(KIND_CLUSTER)' || kind create cluster --name $(KIND_CLUSTER) --wait 5m
	$(MAKE) --no-print-directory image-archive IMG=$(IMG) OUT=$(OUT)
	kind load image-archive $(OUT) --name $(KIND_CLUSTER)
	kind export kubeconfig --name $(KIND_CLUSTER) # kubectl may have been at another cluster
	kubectl -n $(NAMESPACE) delete pods -l app.kubernetes.io/component=operator # of an older image of the same name
	$(MAKE) --no-print-directory deploy IMG=$(IMG) NAMESPACE=$(NAMESPACE)
	@echo 'Its end-to-end tests: KUBECONFIG=$${KUBECONFIG:-~/.kube/config} IMG=$(IMG) make e2e'

.PHONY: kind-down
kind-down: ## Delete the cluster of kind-up with everything in it
	@hack/check-kind
	kind delete cluster --name $(KIND_CLUSTER)

##@ Check
.PHONY: test
test: ## Run every check, after setting up what it needs; ends with what was skipped and why
	@hack/test

.PHONY: test-unit
test-unit: ## Run the Go tests that need no service of their own
	go test -short $$(go list ./... | grep -v /test/)

.PHONY: test-integration
test-integration: packages-test ## Run all Go tests on real services
	@hack/test go

.PHONY: test-race
test-race: ## Run the Go tests under the race detector (slow)
	go test -race -short $$(go list ./... | grep -v /test/)

.PHONY: test-web
test-web: web/node_modules/.package-lock.json ## Run the tests of the user interface
	cd web && npm run --silent generate && npm test --silent

.PHONY: test-api
test-api: packages-test ## Ask the API what Schemathesis makes of its document, and hostile requests (EXAMPLES=500 for a thorough run)
	@hack/test-api

.PHONY: test-ui
test-ui: web test/ui/node_modules/.package-lock.json ## Run the user interface in a browser (Chromium)
	cd test/ui && npm test --silent

.PHONY: test-ui-local
test-ui-local: build test/ui/node_modules/.package-lock.json ## Do what people come for with twins of energytwin local (Chromium)
	cd test/ui && npm run local --silent

.PHONY: screenshots
screenshots: build test/ui/node_modules/.package-lock.json ## Take the pictures of docs/images from a running twin (Chromium, ffmpeg)
	cd test/ui && node pictures.mjs

test/ui/node_modules/.package-lock.json: test/ui/package-lock.json
	@hack/check-node
	cd test/ui && npm ci --no-audit --no-fund
	@touch $@

.PHONY: chaos
chaos: packages-test ## Kill, stop, starve and change a running twin for some minutes: its rows must not change
	ENERGYTWIN_CHAOS_KILLS=$${KILLS:-10} ENERGYTWIN_CHAOS_SECONDS=$${SECONDS_OF_REPLAY:-150} ENERGYTWIN_CHAOS_CHANGES=all \
		go test -count=1 -timeout 60m -v ./test/chaos

.PHONY: e2e
e2e: packages-test ## Run the operator on a cluster: that of KUBECONFIG with IMG, which it can pull
	hack/e2e $(ARGS)

.PHONY: bench
bench: bench-go bench-twin ## Measure every hot path, and the whole twin beside the limits of its stores

.PHONY: bench-go
bench-go: ## Run the Go benchmarks of the hot paths (BENCH=pattern)
	go test -run '^$$' -bench "$${BENCH:-.}" -benchmem ./internal/... ./workloads/...

.PHONY: bench-twin
bench-twin: packages-test ## Measure the whole twin beside the limits of its stores (ARGS=--quick for a minute's look)
	go run ./test/perf $(ARGS)

.PHONY: bench-api
bench-api: packages-test ## Measure the answers of the API beside the bare SQL of the same questions (ARGS="--meters 10000")
	go run ./test/benchapi $(ARGS)

.PHONY: bench-ingest
bench-ingest: ## Send readings to API servers that are killed at random, and count each in the stream (ARGS="--kill-every 4s")
	go run ./test/ingest $(ARGS)

.PHONY: bench-live
bench-live: ## Measure the stream of events with 1,000 clients: time to all of them, memory of one (ARGS="-clients 100")
	go run ./test/live $(ARGS)

.PHONY: bench-page
bench-page: build test/ui/node_modules/.package-lock.json ## Measure the pages in a browser: first load, drawing, brushing, heap, requests (ARGS="--minutes 60 --json")
	@cd test/ui && node figures.mjs $(ARGS)

.PHONY: bench-operator
bench-operator: ## Measure the operator with 1,000 twins on a real API server, 25 minutes (ARGS=-quick for a short look)
	KUBEBUILDER_ASSETS="$$(hack/control-plane)" go run ./test/benchoperator $(ARGS)

.PHONY: lint
lint: $(LINT) ## Check words, recipes, the OpenAPI document, style, errors and import directions (golangci-lint)
	hack/check-words
	hack/check-recipes
	hack/check-packages
	hack/check-openapi
	hack/check-api-changes
	$(LINT) run --allow-parallel-runners ./...
	cd hack/packaging && $(CURDIR)/$(LINT) run --allow-parallel-runners ./...
	cd hack/score && $(CURDIR)/$(LINT) run --allow-parallel-runners ./...
	cd hack/alerts && $(CURDIR)/$(LINT) run --allow-parallel-runners ./...

.PHONY: verify-generated
verify-generated: ## Check that generated files are those of their sources
	@hack/verify-generated

##@ Develop
.PHONY: generate
generate: ## Generate deep copies, the CRD and the OpenAPI document
	@hack/generate

.PHONY: fmt
fmt: $(LINT) ## Format the Go code
	$(LINT) fmt ./...

.PHONY: train
train: ## Learn the coefficients that the forecaster ships (ARGS="--data FOLDER", or --report for the model card's figures)
	go run ./hack/train $(ARGS)

.PHONY: compare-rows
compare-rows: ## Compare all that two builds store of one twin (ARGS="-before A -after B -f twin.yaml")
	go run ./hack/compare/rows $(ARGS)

.PHONY: compare
compare: ## Forecast the days of a file with FlexMeasures, or with WITH=openstef, which has to be installed (ARGS=--help)
	python3 hack/compare/with_$(or $(WITH),flexmeasures).py $(ARGS)

.PHONY: packages-run
packages-run: ## Install the system packages that `make run` uses, where that is possible (INSTALL=no: never)
	@hack/install-packages run

.PHONY: packages-test
packages-test: ## Install the system packages that `make test` uses, where that is possible (INSTALL=no: never)
	@hack/install-packages test

.PHONY: clean
clean: ## Delete what was built
	rm -rf bin web/node_modules coverage.out
	find web/dist -mindepth 1 ! -name .gitkeep -delete

$(LINT):
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv bin/golangci-lint $@
