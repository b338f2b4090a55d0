package events

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// version is a schema_version, major.minor.
type version struct {
	major, minor int
	text         string
}

var majorMinor = regexp.MustCompile(`^(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})$`)

func parseVersion(text string) (version, bool) {
	m := majorMinor.FindStringSubmatch(text)
	if m == nil {
		return version{}, false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	return version{major, minor, text}, true
}

func (v version) compare(w version) int {
	return cmp.Or(cmp.Compare(v.major, w.major), cmp.Compare(v.minor, w.minor))
}

// readVersions reads the enum of a type's schema_version.
func readVersions(enum any) ([]version, error) {
	list, _ := enum.([]any)
	if len(list) == 0 {
		return nil, fmt.Errorf(`schema_version has no enum; want the versions that the schema is for, such as ["1.0"]`)
	}
	versions := make([]version, len(list))
	for i, item := range list {
		text, _ := item.(string)
		v, ok := parseVersion(text)
		if !ok {
			return nil, fmt.Errorf(`the enum of schema_version has %s; want major.minor such as "1.0"`, shown(item))
		}
		versions[i] = v
	}
	if !slices.IsSortedFunc(versions, version.compare) {
		return nil, fmt.Errorf("the enum of schema_version is not in order; want the newest last")
	}
	return versions, nil
}

// newest is the version that we write.
func (t *eventType) newest() version { return t.versions[len(t.versions)-1] }

// reading tells whether events of a version can be read, and whether they may have fields that we do not know.
func (t *eventType) reading(text string) (v version, newer bool, err error) {
	v, ok := parseVersion(text)
	if !ok {
		return v, false, fmt.Errorf("schema_version is %s, want major.minor such as %q", shown(text), t.newest().text)
	}
	newestOfMajor := version{minor: -1}
	for _, known := range t.versions {
		if v.compare(known) == 0 {
			return known, false, nil
		}
		if known.major == v.major {
			newestOfMajor = known
		}
	}
	switch {
	case newestOfMajor.minor >= 0 && v.minor > newestOfMajor.minor:
		return v, true, nil
	case v.major > t.newest().major:
		return v, false, fmt.Errorf("schema_version is %q, a newer major version than %s, the newest that can be read", text, t.newest().text)
	}
	known := make([]string, len(t.versions))
	for i, k := range t.versions {
		known[i] = shown(k.text)
	}
	return v, false, fmt.Errorf("schema_version is %q, a version that was never known; want %s", text, oneOf(known))
}
