// Package version says which build of uptimer this is.
package version

import (
	"runtime/debug"
	"strings"
)

// version may be set by the linker (-X); a build by `go install module@version` knows it from the build info. So may
// commit, where a build does not see the repository, as that of the container image.
var version, commit string

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
	if commit != "" {
		return commit
	}
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
