# The front door. Meson builds; these lines say how people call it.

.PHONY: all
all: build/build.ninja
	ninja -C build

build/build.ninja:
	meson setup build
