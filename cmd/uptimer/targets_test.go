package main

import "testing"

// A user could not tell how many targets are in a list, or would read that 1 targets are.
func TestValidateCounts(t *testing.T) {
	for _, c := range []struct {
		stdin, want string
		environ     []string
	}{
		{"http://a.example\n", "1 target is good: 1 http\n", nil},
		{"a.example\ntcp://a.example:1\ntcp://a.example:2\n", "3 targets are good: 1 https 2 tcp\n", nil},
		{"a.example\n", "the list is good; no target of it belongs to this instance\n",
			[]string{"DISTRIBUTED_WORKERS_ENABLED=yes", "DISTRIBUTED_WORKERS_TOTAL=1000", "DISTRIBUTED_WORKERS_INDEX=1"}},
	} {
		if got := callWithInput(t, c.stdin, c.environ, "targets", "validate", "-"); got.code != exitDone || got.stdout != c.want {
			t.Errorf("exit code %d, stdout %q, want %q; stderr\n%s", got.code, got.stdout, c.want, got.stderr)
		}
	}
}
