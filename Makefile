# The front door. Meson builds; these lines say how people call it.

TIME = 60

.PHONY: all check fuzz install clean

all: build/build.ninja
	ninja -C build

build/build.ninja:
	meson setup build

check:
	tools/install build run demo test
	tools/check

fuzz:
	tools/install build test
	tools/check --fuzz-seconds $(TIME) fuzz

install: all
	meson install -C build --no-rebuild

clean:
	rm -rf build build-sanitize
