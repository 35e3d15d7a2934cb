PREFIX ?= /usr/local

demo:    ## build eseutil and use it on a real database (DB=FILE; a generated one when there is none)
	tools/demo $(DB)

test:    ## every test; those on real files find them in ../shared/data or $$ESENT_CORPUS
	cargo test

bench:   ## the figures of benches/README.md on this machine
	benches/run

header:  ## include/esent.h anew from the code
	cargo run -q -p abi-tool

install: ## the library, header and pkg-config file (needs cargo-c), the name .NET asks for, and eseutil
	cargo cinstall --release -p esent --prefix=$(PREFIX) --libdir=$(PREFIX)/lib && ln -sf libesent.so $(PREFIX)/lib/libesent.dll.so
	cargo install --path crates/eseutil --root $(PREFIX) && ln -sf eseutil $(PREFIX)/bin/esentutl

.PHONY: demo test bench header install
