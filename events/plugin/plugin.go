// Package plugin makes a config struct and a constructor into something that is listed, documented and opened by
// name.
package plugin

import (
	"io"
	"log/slog"

	"github.com/uptimer/uptimer/events"
)

// Host is what the program lends to a plugin. Its parts outlive the plugin and may be shared.
type Host struct {
	Catalog *events.Catalog
	Log     *slog.Logger
	Stdout  io.Writer // for events alone
	// Workers is how many of the plugin there are in the process. What a setting allows the process, such as
	// BUFFER_BYTES, is divided among them. Zero is one.
	Workers int
	// Observer is told what plugins count; nil: nobody looks. See Observed.
	Observer Observer
}

// Plugin is a reader, a probe or a writer (T) that can be opened by its name.
type Plugin[T any] struct {
	Name      string
	Summary   string // a sentence for lists and docs
	Variables []Variable
	open      func(*Environment, Host) (T, error)
}

// Define makes a plugin of a config struct C and a constructor. See Load for the struct's tags. The constructor
// is called with the settings in force, checked by C's Validate if it has one; its errors that are
// setting.Mistakes stop the start with exit code 2, others with 1.
func Define[T, C any](name, summary string, open func(C, Host) (T, error)) Plugin[T] {
	var c C
	return Plugin[T]{
		Name: name, Summary: summary, Variables: Describe(&c),
		open: func(env *Environment, host Host) (T, error) {
			var c C
			if err := Load(env, &c); err != nil {
				var none T
				return none, err
			}
			return open(c, host)
		},
	}
}

// Open reads the plugin's settings and makes it. The settings' mistakes come back as setting.Mistakes, all at
// once.
func (p Plugin[T]) Open(env *Environment, host Host) (T, error) { return p.open(env, host) }
