# The front door. Meson builds; these lines say how people call it.

TIME = 60

# The program and its manual; Debian's Meson would build fifty test programs with them.
.PHONY: all everything run demo check check-deb check-kernel bench fuzz soak install deb clean

all: build/build.ninja
	ninja -C build hoptell man/hoptell.yaml.5

everything: build/build.ninja
	ninja -C build

build/build.ninja:
	meson setup build

run:
	tools/run

demo:
	tools/install build demo
	tools/build
	lab/demo

check:
	tools/install build run demo test deb
	tools/check

bench:
	tools/install build bench
	tools/build everything
	bench/run

fuzz:
	tools/install build test
	tools/check --fuzz-seconds $(TIME) coverage

soak: TIME = 30m
soak:
	tools/install build demo test
	tools/check clang
	tools/soak --time $(TIME)

install: everything
	meson install -C build --no-rebuild

deb:
	tools/install build deb
	tools/deb

check-deb:
	tools/install build deb check-deb
	tools/check deb

check-kernel:
	tools/install build check-kernel
	tools/build everything
	tests/kernel/run

clean:
	rm -rf build build-sanitize
