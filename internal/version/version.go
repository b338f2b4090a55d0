// Package version says which build of uptimer this is.
package version

import (
	"runtime/debug"
	"strings"
)

// version may be set by the linker (-X); a build by `go install module@version` knows it from the build info.
var version string

// Short is the version without a leading v: "1.2.3", or "dev" for a build from a work tree.
func Short() string {
	v := version
	if info, ok := debug.ReadBuildInfo(); v == "" && ok {
		v = info.Main.Version
	}
	if v == "" || v == "(devel)" {
		return "dev"
	}
	return strings.TrimPrefix(v, "v")
}

// Commit is the revision that was built, with "+dirty" if the tree had changes, or "unknown".
func Commit() string {
	revision, dirty := "unknown", ""
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return revision
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+dirty"
		}
	}
	return revision + dirty
}
