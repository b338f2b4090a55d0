//go:build unix

package compose

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// scripts puts the scripts of bin/ and the program into a folder of its own, with a configuration.env if there is one,
// and returns a call of one of them from another folder.
func scripts(t *testing.T, configuration string) func(script string, env ...string) (stdout, stderr string, code int) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "with space")
	if err := os.CopyFS(filepath.Join(root, "bin"), os.DirFS(filepath.Join(repository, "bin"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program(t), filepath.Join(root, "uptimer")); err != nil {
		t.Fatal(err)
	}
	if configuration != "" {
		if err := os.WriteFile(filepath.Join(root, "configuration.env"), []byte(configuration), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return func(script string, env ...string) (string, string, int) {
		var stdout, stderr strings.Builder
		cmd := exec.CommandContext(t.Context(), filepath.Join(root, "bin", script))
		cmd.Dir, cmd.Env = "/", append([]string{"PATH=" + os.Getenv("PATH")}, env...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		code := 0
		if err := cmd.Run(); err != nil {
			var exit *exec.ExitError
			if !errors.As(err, &exit) {
				t.Fatal(err)
			}
			code = exit.ExitCode()
		}
		return stdout.String(), strings.ReplaceAll(stderr.String(), root, "ROOT"), code
	}
}

// Whoever starts a script for the first time must read what to set, all of it at once.
func TestScriptsSayWhatIsMissing(t *testing.T) {
	call := scripts(t, "")
	const hint = "; want it in ROOT/configuration.env or in the environment (configuration.env.example has all)\n"
	const list = "PROBE_URLS or PROBE_TARGETS_FILE or PROBE_TARGETS_TABLE"
	for script, c := range map[string]struct {
		env  []string
		want string
	}{
		"producer.sh": {nil, "producer.sh: not set: " + list + ", KAFKA_BOOTSTRAP_SERVER, KAFKA_WRITER_TOPIC" + hint},
		"consumer.sh": {
			[]string{"DATABASE_URL_FILE=/run/url", "KAFKA_READER_TOPIC="}, "consumer.sh: not set: KAFKA_BOOTSTRAP_SERVER, KAFKA_READER_TOPIC" + hint,
		},
		"single_instance.sh": {[]string{"WRITER_PLUGIN=stdout,postgres"}, "single_instance.sh: not set: " + list + ", DATABASE_URL" + hint},
	} {
		stdout, stderr, code := call(script, c.env...)
		if stdout != "" || stderr != c.want || code != 2 {
			t.Errorf("%s: exit code %d\ngot  %swant %s", script, code, stderr, c.want)
		}
	}
}

// A value must reach the program as it is written, and what is in the environment goes first.
func TestScriptsReadTheConfiguration(t *testing.T) {
	call := scripts(t, "# a comment\n\nPROBE_URLS=[\"tcp://127.0.0.1:1\", \"tcp://127.0.0.1:2\"]\nPROBE_INTERVAL=-1\nPROBE_LOCATION=a $HOME `b` 'c'\nPROBE_INSTANCE=file")
	stdout, stderr, code := call("single_instance.sh", "PROBE_INSTANCE=environment")
	if code != 0 || strings.Count(stdout, `"location":"a $HOME `+"`b`"+` 'c'","instance":"environment"`) != 2 {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
}

// A line that is no setting is named by its number, and not run.
func TestScriptsRefuseOtherLines(t *testing.T) {
	for _, line := range []string{"export A=b", "touch /tmp/x", "=b", "1A=b", "A B=c"} {
		_, stderr, code := scripts(t, "A=b\n"+line+"\n")("single_instance.sh")
		if want := "single_instance.sh: ROOT/configuration.env:2: want NAME=value\n"; code != 2 || stderr != want {
			t.Errorf("%q: exit code %d, %s", line, code, stderr)
		}
	}
}
