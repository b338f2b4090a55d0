package plugin

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/uptimer/uptimer/internal/setting"
)

// If this failed, a variable that a compose file sets to nothing would be taken for a setting.
func TestSetToNothingIsUnset(t *testing.T) {
	env := NewEnvironment([]string{"A=", "B=x", "C= ", "D=a=b", "E_FILE=", "BARE", "=C:=C:\\uptimer"})
	for name, want := range map[string]string{"A": "", "B": "x", "C": " ", "D": "a=b", "E": "", "BARE": "", "": ""} {
		value, set, err := env.Lookup(name)
		if value != want || set != (want != "") || err != nil {
			t.Errorf("%s: got %q, %t, %v; want %q", name, value, set, err, want)
		}
	}
	if got, want := env.Names(), []string{"B", "C", "D"}; !slices.Equal(got, want) {
		t.Errorf("set are %q, want %q", got, want)
	}
}

// If this failed, a secret from a file would be refused by the server that it is for, because of the line break
// that editors add or of one that belongs to it.
func TestAFileHoldsTheValue(t *testing.T) {
	for content, want := range map[string]string{
		"x": "x", "x\n": "x", "x\r\n": "x", "x\n\n": "x\n", "x\r\n\r\n": "x\r\n", "x\r": "x\r", " x \n": " x ",
		"a\nb\n": "a\nb", "": "", "\n": "", "\r\n": "", "\xff\x00\n": "\xff\x00",
	} {
		value, set, err := NewEnvironment([]string{"A_FILE=" + file(t, content)}).Lookup("A")
		if value != want || set != (want != "") || err != nil {
			t.Errorf("%q: got %q, %t, %v; want %q", content, value, set, err, want)
		}
	}
}

// If this failed, one of two settings would win in silence.
func TestBothAVariableAndItsFileIsAMistake(t *testing.T) {
	_, set, err := NewEnvironment([]string{"A=swordfish", "A_FILE=/run/secrets/a"}).Lookup("A")
	check(t, err, `A_FILE="/run/secrets/a": A is set too; want only one of them`)
	if set {
		t.Error("A is set all the same")
	}
	if value, _, err := NewEnvironment([]string{"A=", "A_FILE=" + file(t, "x")}).Lookup("A"); value != "x" || err != nil {
		t.Errorf("A set to nothing beside A_FILE: got %q, %v; want the file's", value, err)
	}
}

// If this failed, a user would not be told which file is missing.
func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no-such-file")
	_, set, err := NewEnvironment([]string{"A_FILE=" + missing}).Lookup("A")
	if set || !errors.Is(err.(setting.Mistakes)[0], fs.ErrNotExist) {
		t.Errorf("set %t, %v", set, err)
	}
	text := err.Error()
	if !strings.HasPrefix(text, `A_FILE="`) || !strings.Contains(text, "no-such-file") || strings.Count(text, "no-such-file") != 1 ||
		!strings.HasSuffix(text, "; want the path of a file that holds the value") {
		t.Errorf("got %s", text)
	}
	if _, _, err := NewEnvironment([]string{"A_FILE=" + t.TempDir()}).Lookup("A"); err == nil {
		t.Error("a folder was taken for a file")
	}
}
