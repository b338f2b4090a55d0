package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/uptimer/uptimer/events"
	"github.com/uptimer/uptimer/events/plugin"
)

// update writes the generated parts of the docs anew: go test ./cmd/uptimer -run TestDocs -update
var update = flag.Bool("update", false, "write the generated parts of the docs")

// marked is a generated part: everything between the two markers is ours.
var marked = regexp.MustCompile(`(?s)(<!-- (variables:[a-z0-9:]+) -->\n).*?(<!-- /variables -->)`)

// A page that shows a default which is not in force, or misses a variable, sends its reader the wrong way. Seen to
// fail by changing a default without -update.
func TestDocsAreGenerated(t *testing.T) {
	tables := map[string]string{}
	for _, s := range sections() {
		name := "variables:" + s.name
		if tables[name] != "" { // a reader and a writer have this name
			delete(tables, name)
			name = "variables:writer:" + s.name
			tables["variables:reader:"+s.name] = markdownTable(readerNamed(s.name).Variables)
		}
		tables[name] = markdownTable(s.vars)
	}
	tables["variables:all"] = call(t, nil, "config", "--markdown").stdout
	found := map[string]bool{}
	err := filepath.WalkDir("../../docs", func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		return checkPage(t, path, tables, found)
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range tables {
		if !found[name] && name != "variables:run" && name != "variables:probes" {
			t.Errorf("no page under docs has a part <!-- %s -->", name)
		}
	}
}

func readerNamed(name string) plugin.Plugin[events.Reader] {
	return readerPlugins[slices.IndexFunc(readerPlugins, func(p plugin.Plugin[events.Reader]) bool { return p.Name == name })]
}

// checkPage compares the generated parts of a page, or writes them.
func checkPage(t *testing.T, path string, tables map[string]string, found map[string]bool) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	fresh := marked.ReplaceAllStringFunc(string(content), func(part string) string {
		m := marked.FindStringSubmatch(part)
		table, ok := tables[m[2]]
		if !ok {
			t.Errorf("%s: nothing is generated for <!-- %s -->", path, m[2])
			return part
		}
		found[m[2]] = true
		return m[1] + "\n" + strings.TrimSpace(table) + "\n\n" + m[3]
	})
	switch {
	case fresh == string(content):
	case *update:
		return os.WriteFile(path, []byte(fresh), 0o644) //nolint:gosec // docs are for everybody
	default:
		t.Errorf("%s is stale; run make generate", path)
	}
	return nil
}

// A plugin in a folder that nobody can choose is dead; one that is listed under another name cannot be found.
func TestPluginsAreTheFolders(t *testing.T) {
	for kind, names := range map[string][]string{
		"probes": pluginsOf(probePlugins), "readers": pluginsOf(readerPlugins), "writers": pluginsOf(writerPlugins),
	} {
		folders, err := filepath.Glob(filepath.Join("../..", kind, "*", "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		there := map[string]bool{}
		for _, file := range folders {
			if folder := filepath.Base(filepath.Dir(file)); !strings.HasSuffix(folder, "test") { // as probestest, which helps tests
				there[folder] = true
			}
		}
		for _, name := range names {
			if !there[name] {
				t.Errorf("%s plugin %s has no folder %s/%s", kind, name, kind, name)
			}
		}
		if len(there) != len(names) {
			t.Errorf("%d folders in %s, %d plugins listed: %v, %v", len(there), kind, len(names), there, names)
		}
	}
}

// A plugin that is told nowhere is not found by those who need it.
func TestPluginsAreInTheDocs(t *testing.T) {
	settings := map[string]string{}
	for _, v := range variables() {
		settings[v.Name] = v.Desc
	}
	for _, of := range []struct {
		folder, variable string
		names            []string
	}{
		{"probes", "READER_PLUGIN", pluginsOf(probePlugins)},
		{"readers", "READER_PLUGIN", pluginsOf(readerPlugins)},
		{"writers", "WRITER_PLUGIN", pluginsOf(writerPlugins)},
	} {
		for _, name := range of.names {
			if !regexp.MustCompile(`\b` + name + `\b`).MatchString(settings[of.variable]) {
				t.Errorf("the description of %s in settings.go does not name %s", of.variable, name)
			}
			for _, index := range []string{"README.md", "docs/README.md"} {
				content, err := os.ReadFile("../../" + index)
				to := strings.TrimPrefix(fmt.Sprintf("docs/%s/%s.md", of.folder, name), filepath.ToSlash(filepath.Dir(index))+"/")
				if err != nil || !strings.Contains(string(content), "("+to+")") {
					t.Errorf("%s has no link to %s, %v", index, to, err)
				}
			}
		}
	}
}
