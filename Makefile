# Wici: everything a person types. `make` alone explains it.
#
# PYTHON is only used to make .venv; afterwards everything runs from there.
PYTHON ?= python3
RUN = .venv/bin/python
LOCAL = deploy/local
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help setup panel demo up down status logs migrate operator monitoring routes test engines fuzz chaos soak rollout lint format check bench lock images sbom audit clients

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

setup: ## make .venv with the pinned requirements (every other target does it by itself)
	@$(PYTHON) $(LOCAL)/bootstrap.py

panel: setup ## build the web application of panel/, which the gateway then serves; ends with 3 where npm has no packages
	@$(RUN) $(LOCAL)/panel.py build

demo: setup ## install, start everything and run a whole campaign, SMS and e-mail; leaves the system up
	@$(RUN) $(LOCAL)/panel.py build --if-possible
	@$(RUN) $(LOCAL)/system.py up
	@$(RUN) $(LOCAL)/system.py run python $(LOCAL)/demo.py

up: setup ## start the whole system with its simulators; it stays up
	@$(RUN) $(LOCAL)/panel.py build --if-possible
	@$(RUN) $(LOCAL)/system.py up

down: ## stop everything that make up started, and only that
	@if [ -x $(RUN) ]; then $(RUN) $(LOCAL)/system.py down; else echo "Nothing was running."; fi

status: setup ## every process: state, readiness, memory
	@$(RUN) $(LOCAL)/system.py status

logs: setup ## follow the logs; of one process with P=campaigns.dispatcher
	@$(RUN) $(LOCAL)/system.py logs $(P)

migrate: setup ## bring every service's database up to date
	@$(RUN) $(LOCAL)/system.py migrate

operator: setup ## create an operator: LOGIN=… EMAIL=… (prints a one-time password and the TOTP secret)
	@if [ -z "$(LOGIN)" ] || [ -z "$(EMAIL)" ]; then echo "Say who: make operator LOGIN=anna EMAIL=anna@example.com"; exit 2; fi
	@$(RUN) $(LOCAL)/system.py run python -m identity.commands.operators add "$(LOGIN)" "$(EMAIL)"

monitoring: setup ## Prometheus with the alerts over the running system (needs `prometheus`), until Ctrl-C
	@$(RUN) $(LOCAL)/monitoring.py

routes: setup ## every route of the API with its permission (M=--markdown for a table)
	@$(RUN) -m api_gateway.route_list $(M)

test: setup ## every test, on real servers of its own; T=services/identity for a part, CLOCK="2028-02-29 23:50" for then
	@$(if $(CLOCK),$(RUN) $(LOCAL)/moved_clock.py "$(CLOCK)") $(RUN) $(LOCAL)/run_tests.py $(T)

lint: setup ## style, types, import rules, manifests
	@$(RUN) $(LOCAL)/lint.py

format: setup ## let ruff put the code in order
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format --quiet .

engines: setup ## tests on the majors that are deployed, PostgreSQL 17 and RabbitMQ 4, in a root of Debian 13: T=libs/chassis
	@$(RUN) $(LOCAL)/engines.py $(T)

fuzz: setup ## sweep the running API with made-up requests: EXAMPLES=50 an operation, SEED=…
	@$(RUN) $(LOCAL)/system.py run python tests/sweep/sweep.py $(or $(EXAMPLES),50) $(SEED)

chaos: setup ## processes and servers are killed, frozen and cut off under load; then the books are compared: MINUTES=6 SEED=7
	@$(RUN) tests/chaos $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

soak: setup ## hours of traffic on every channel in minutes: no process grows, and the books are compared: MINUTES=10 PEOPLE=20000
	@$(RUN) tests/chaos/soak.py $(if $(MINUTES),--minutes $(MINUTES)) $(if $(PEOPLE),--people $(PEOPLE))

rollout: setup ## each service is rolled out by itself under traffic on every channel; then the books are compared: ONLY="identity contacts"
	@$(RUN) tests/chaos/rollout.py $(if $(ONLY),--only $(ONLY))

check: lint test ## what continuous integration runs: lint, then test

bench: setup ## every benchmark; B=bench/sms.py for one
	@$(RUN) $(LOCAL)/run_bench.py $(B)

images: setup ## build every image and start each process of compose in its own, read-only, as its user: IMAGE=sms-gateway
	@$(RUN) $(LOCAL)/images.py $(IMAGE)

sbom: setup ## what is in each image, as CycloneDX, into .run/sbom
	@$(RUN) $(LOCAL)/sbom.py

clients: setup ## clients by openapi-generator and openapi-typescript, compiled and (after make up) used; 3: no Java or npm
	@$(RUN) $(LOCAL)/clients.py

audit: setup ## known weaknesses of the pinned packages; ends with 3 where there is nobody to ask
	@$(RUN) $(LOCAL)/audit.py

lock: setup ## resolve requirements/*.txt anew
	@$(RUN) -m pip install --quiet --disable-pip-version-check uv && $(RUN) $(LOCAL)/lock.py
