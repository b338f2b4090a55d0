package compose

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stages parses the Dockerfile as BuildKit does, with its warnings as errors.
func stages(t *testing.T) []instructions.Stage {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(repository, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := parser.Parse(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range tree.Warnings {
		t.Errorf("Dockerfile: %s", w.Short)
	}
	all, _, err := instructions.Parse(tree.AST, linter.New(&linter.Config{
		Warn: func(rule, _, _, short string, _ []parser.Range) { t.Errorf("Dockerfile: %s: %s", rule, short) },
	}))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// instruction is the last one of its kind in a stage: the one in force.
func instruction[T instructions.Command](t *testing.T, s instructions.Stage) (last T) {
	t.Helper()
	found := false
	for _, c := range s.Commands {
		if c, ok := c.(T); ok {
			last, found = c, true
		}
	}
	if !found {
		t.Fatalf("the last stage of the Dockerfile has no %T", last)
	}
	return last
}

// An image that runs as root, needs a shell that it does not have, or has no health check that works, is found out by
// users on their servers. Seen to fail with USER root, with a HEALTHCHECK in shell form and with FROM alpine.
func TestDockerfile(t *testing.T) {
	all := stages(t)
	last := all[len(all)-1]
	if last.BaseName != "scratch" {
		t.Errorf("the image is made of %s, want scratch", last.BaseName)
	}
	if user := instruction[*instructions.UserCommand](t, last).User; user != "65532:65532" {
		t.Errorf("it runs as %q; want a number that is not root's", user)
	}
	if entry := instruction[*instructions.EntrypointCommand](t, last); entry.PrependShell || !slices.Equal(entry.CmdLine, []string{"/uptimer"}) {
		t.Errorf("ENTRYPOINT is %q", entry.CmdLine)
	}
	health := instruction[*instructions.HealthCheckCommand](t, last).Health
	if !slices.Equal(health.Test, []string{"CMD", "/uptimer", "health"}) {
		t.Errorf("HEALTHCHECK is %q; there is no shell, so want the exec form", health.Test)
	}
	if stop := instruction[*instructions.StopSignalCommand](t, last).Signal; stop != "SIGTERM" {
		t.Errorf("STOPSIGNAL is %s", stop)
	}
	if got := imageEnvironment(t)["METRICS_ADDR"]; got == "" || !strings.HasSuffix(got, instruction[*instructions.ExposeCommand](t, last).Ports[0]) {
		t.Errorf("METRICS_ADDR is %q, and another port is exposed: the health check has nobody to ask", got)
	}
	for _, c := range last.Commands {
		if _, is := c.(*instructions.RunCommand); is {
			t.Errorf("the last stage has a RUN, and no shell: %v", c)
		}
	}
}

// imageEnvironment is what the image sets.
func imageEnvironment(t *testing.T) map[string]string {
	t.Helper()
	all := stages(t)
	set := map[string]string{}
	for _, c := range all[len(all)-1].Commands {
		if env, ok := c.(*instructions.EnvCommand); ok {
			for _, kv := range env.Env {
				set[kv.Key] = kv.Value
			}
		}
	}
	return set
}

// buildCommand is the go build of the Dockerfile, for this machine, with VERSION and COMMIT given.
func buildCommand(t *testing.T, version, commit string) []string {
	t.Helper()
	for _, c := range stages(t)[0].Commands {
		run, ok := c.(*instructions.RunCommand)
		if !ok || !strings.Contains(strings.Join(run.CmdLine, " "), "go build") {
			continue
		}
		line := strings.NewReplacer("$VERSION", version, "$COMMIT", commit, "GOOS=$TARGETOS GOARCH=$TARGETARCH ", "", "\\\n", "").
			Replace(strings.Join(run.CmdLine, " "))
		return []string{"sh", "-c", line}
	}
	t.Fatal("the Dockerfile builds nothing")
	return nil
}

// What the program is made of must be in the context of the build: a folder that is new and not named in .dockerignore
// would break the image alone. Seen to fail without the line `!writers`.
func TestContextHasAllPackages(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(repository, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(content), "\n")
	if !slices.Contains(lines, "*") {
		t.Fatal(".dockerignore does not begin with nothing: secrets may end in a layer")
	}
	packages := run(t, repository, nil, "go", "list", "-deps", "-json=ImportPath,EmbedFiles", "./cmd/uptimer")
	for decoder := json.NewDecoder(strings.NewReader(packages)); decoder.More(); {
		var p struct{ ImportPath string }
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if inside, ours := strings.CutPrefix(p.ImportPath, "github.com/uptimer/uptimer/"); ours {
			if folder, _, _ := strings.Cut(inside, "/"); !slices.Contains(lines, "!"+folder) {
				t.Errorf(".dockerignore has no line !%s, and %s is a part of the program", folder, p.ImportPath)
			}
		}
	}
}
