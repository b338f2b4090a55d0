package plugin

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/uptimer/uptimer/internal/setting"
)

// Environment is where settings come from: the variables of the process, and the files that NAME_FILE variables
// point to.
type Environment struct {
	vars map[string]string
}

// NewEnvironment takes variables in the form of os.Environ. One set to nothing is unset. Those without a name, as
// Windows keeps the current directory of each drive, are none.
func NewEnvironment(environ []string) *Environment {
	vars := make(map[string]string, len(environ))
	for _, kv := range environ {
		if name, value, _ := strings.Cut(kv, "="); name != "" && value != "" {
			vars[name] = value
		}
	}
	return &Environment{vars: vars}
}

// Lookup returns a variable's value and whether it is set, by itself or through NAME_FILE (one trailing line
// break of the file is cut; an empty file is unset). Its error is setting.Mistakes.
func (e *Environment) Lookup(name string) (value string, set bool, err error) {
	value, set = e.vars[name]
	path, fromFile := e.vars[name+"_FILE"]
	if !fromFile {
		return value, set, nil
	}
	var ms setting.Mistakes
	if set {
		ms.Add(name+"_FILE", path, fmt.Errorf("%s is set too; want only one of them", name))
		return "", false, ms
	}
	content, err := readValue(path)
	if err != nil {
		var cause *os.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		ms.Add(name+"_FILE", path, fmt.Errorf("cannot be read: %w; want the path of a file that holds the value", err))
		return "", false, ms
	}
	value = string(content)
	if line, ends := strings.CutSuffix(value, "\n"); ends {
		value = strings.TrimSuffix(line, "\r")
	}
	return value, value != "", nil
}

// maxValue is how long a value from a file may be; a device that never ends is no value.
const maxValue = 1 << 20

// readValue reads a file, which may also be a pipe.
func readValue(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxValue+1))
	if err == nil && len(content) > maxValue {
		err = errors.New("longer than 1 MiB")
	}
	return content, err
}

// Names lists the variables that are set, sorted.
func (e *Environment) Names() []string { return slices.Sorted(maps.Keys(e.vars)) }
