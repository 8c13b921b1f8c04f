# The commands of everyday work; `make` alone lists them.
SHELL := bash
.DEFAULT_GOAL := help

# Maven itself must run on JDK 25.
maven := . hack/jdk && ./mvnw -B -ntp
# Only warnings and errors: -q would hide the warnings that fail a build.
quiet := -Dorg.slf4j.simpleLogger.defaultLogLevel=warn

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

.PHONY: build
build: ## Compile and package, without tests
	@$(maven) $(quiet) -Dmaven.test.skip=true package

.PHONY: test
test: ## Build, check and test everything
	@programs=$$(hack/programs) && export PATH="$$programs:$$PATH" && $(maven) verify

.PHONY: lint
lint: ## Check formatting, compiler findings and scripts, without tests
	@$(maven) $(quiet) -DskipTests -DskipITs verify
	@if command -v shellcheck >/dev/null; then shellcheck -x $(scripts); else echo "shellcheck is not installed: scripts are not checked"; fi

scripts := .ci/run bin/mpg bin/kubectl-mpg hack/jdk hack/processes hack/programs hack/control-plane hack/stack hack/observability

.PHONY: format
format: ## Format the Java sources
	@$(maven) $(quiet) spotless:apply

.PHONY: crds
crds: ## Regenerate crds/ and docs/resources.md
	@$(maven) $(quiet) test -Dtest=CrdsTest -Dupdate=true -Dsurefire.failIfNoSpecifiedTests=false

.PHONY: bench
bench: build ## Measure from kubectl apply to the last gateway's ACK, what travels, and what a bad change costs
	@$(maven) $(quiet) test-compile dependency:build-classpath -Dmdep.outputFile=target/test.classpath -Dmdep.includeScope=test
	@. hack/jdk && for benchmark in "ApplyToAckBenchmark $(ARGS)" RolloutBenchmark; do \
	  "$$JAVA_HOME/bin/java" --sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED \
	  -Djdk.httpclient.allowRestrictedHeaders=host \
	  -cp "target/test-classes:target/classes:$$(cat target/test.classpath)" dev.mpg.e2e.$$benchmark || exit; done

.PHONY: jmh
jmh: build ## Measure single decisions with JMH; ARGS are its options, such as ARGS=replan
	@$(maven) $(quiet) test-compile dependency:build-classpath -Dmdep.outputFile=target/test.classpath -Dmdep.includeScope=test
	@. hack/jdk && "$$JAVA_HOME/bin/java" -cp "target/test-classes:target/classes:$$(cat target/test.classpath)" \
	  dev.mpg.placement.PlacementBenchmark $(ARGS)

.PHONY: demo
demo: build ## See a route reach three Envoys and a change travel, on this machine; WITH=observability adds Prometheus and Jaeger
	@hack/demo

.PHONY: up
up: build ## Run an API server and the operator in the background; WITH=observability as above
	@hack/stack up

.PHONY: env
env: ## Print the shell's settings for it: eval "$(make -s env)"
	@hack/stack env

.PHONY: down
down: ## End what `make up` started and delete its state
	@hack/stack down

.PHONY: clean
clean: ## Delete what was built
	@rm -rf target
