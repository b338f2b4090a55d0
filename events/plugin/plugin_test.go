package plugin

import (
	"bytes"
	"errors"
	"testing"

	"github.com/uptimer/uptimer/internal/setting"
)

// engine is what the plugins of these tests make.
type engine struct {
	config server
	host   Host
}

var errWorn = errors.New("worn out")

func engines() []Plugin[*engine] {
	return []Plugin[*engine]{
		Define("steam", "runs on steam", func(c server, h Host) (*engine, error) { return &engine{c, h}, nil }),
		Define("worn", "does not run", func(strictServer, Host) (*engine, error) { return nil, errWorn }),
	}
}

// strictServer refuses the host "nowhere".
type strictServer struct{ server }

func (s strictServer) Validate() error {
	var ms setting.Mistakes
	if s.Host == "nowhere" {
		ms.Add("T_HOST", s.Host, errors.New("unknown; want another"))
	}
	return ms.Err()
}

// If this failed, a plugin would be made with other settings than the user's, or in spite of their mistakes.
func TestOpen(t *testing.T) {
	var out bytes.Buffer
	p := engines()[0]
	e, err := p.Open(NewEnvironment([]string{"T_HOST=db"}), Host{Stdout: &out})
	if err != nil || e.config.Host != "db" || e.host.Stdout != &out {
		t.Errorf("got %+v, %v", e, err)
	}
	if again, err := p.Open(NewEnvironment(nil), Host{}); err != nil || again == e || again.config.Host != "localhost" {
		t.Errorf("opened again: got %+v, %v; want the defaults", again, err)
	}
	e, err = p.Open(NewEnvironment([]string{"T_PASSWORD=a", "T_PASSWORD_FILE=b"}), Host{})
	check(t, err, `T_PASSWORD_FILE="b": T_PASSWORD is set too; want only one of them`)
	if e != nil {
		t.Error("a plugin was made all the same")
	}
	worn := engines()[1]
	if _, err := worn.Open(NewEnvironment(nil), Host{}); !errors.Is(err, errWorn) {
		t.Errorf("got %v, want %v", err, errWorn)
	}
	_, err = worn.Open(NewEnvironment([]string{"T_HOST=nowhere"}), Host{})
	check(t, err, `T_HOST="nowhere": unknown; want another`)
}
