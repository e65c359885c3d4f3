# make demo, make test: all that a newcomer needs. Everything else is for those who change the code.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
export PATH := $(CURDIR)/third_party/node/bin:$(PATH)
UI_SOURCES := $(shell find ui/src ui/index.html ui/public ui/package-lock.json ui/vite.config.ts -type f 2>/dev/null)

.PHONY: demo test build dev-build deps deps-tests ui screens bench dev fmt lint prices clean help

help:
	@printf '%s\n' 'make demo    build and serve a demo fleet' 'make test    every test' 'make build   build/release/pawl' \
	  'make bench   figures' 'make screens pictures of each page into docs/screens' 'make dev     debug server and page with hot reload' 'make fmt lint'

deps:
	@tools/deps.sh

deps-tests:
	@tools/deps.sh tests

ui/dist/.built: $(UI_SOURCES) | deps
	@echo '  ui: building the page'
	@cd ui && node node_modules/vite/bin/vite.js build --logLevel error && touch dist/.built

ui: ui/dist/.built

build: deps ui
	@[ -f build/release/build.ninja ] || cmake --preset release >build-release.log 2>&1 || { tail -30 build-release.log; exit 1; }
	@rm -f build-release.log
	@echo '  build: the program (a clean build takes some minutes)'
	@ninja -C build/release -j $(JOBS) --quiet pawl && ln -sf ../../third_party/chdb/libchdb.so build/release/libchdb.so

demo: build
	@build/release/pawl demo

test: deps-tests ui
	@tools/test.sh

bench: build
	@tools/bench.sh

screens: ui
	@node ui/tests/screens.mjs

dev: deps ui
	@[ -f build/dev/build.ninja ] || cmake --preset dev >/dev/null
	@ninja -C build/dev -j $(JOBS) pawl && ln -sf ../../third_party/chdb/libchdb.so build/dev/libchdb.so
	@tools/dev.sh

fmt:
	@git ls-files -co --exclude-standard '*.cc' '*.h' | xargs clang-format-19 -i

lint:
	@tools/lint.sh

prices: deps
	@tools/prices_refresh.sh

clean:
	rm -rf build ui/dist
