package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptimer/uptimer/internal/setting"
	kafkareader "github.com/uptimer/uptimer/readers/kafka"
	stdoutwriter "github.com/uptimer/uptimer/writers/stdout"
)

// runSettings are the settings that belong to no plugin.
type runSettings struct {
	Reader    setting.Words    `envconfig:"READER_PLUGIN" default:"probes" desc:"where events come from: probes (all protocols), any of http, tcp, icmp (a comma list: only these), kafka, or dummy"`
	Writer    setting.Words    `envconfig:"WRITER_PLUGIN" default:"stdout" desc:"where events go: stdout, kafka, postgres, or a comma list: then to all of them"`
	Workers   setting.Count    `envconfig:"WORKERS" default:"1" desc:"with READER_PLUGIN=kafka: members of the group in this process, each with writers of its own; else writers of each kind, chosen by the target's id"`
	LogLevel  logLevel         `envconfig:"LOG_LEVEL" default:"info" desc:"debug, info, warn or error"`
	LogFormat logFormat        `envconfig:"LOG_FORMAT" desc:"text or json (default: text on a terminal, else json)"`
	Grace     setting.Duration `envconfig:"SHUTDOWN_GRACE" default:"8s" desc:"how long what is in hand is still written after SIGTERM"`
	Metrics   address          `envconfig:"METRICS_ADDR" desc:"host:port for /metrics, /healthz and /readyz (default: off)"`
}

// Validate returns setting.Mistakes.
func (s runSettings) Validate() error {
	var ms setting.Mistakes
	if s.Grace < 0 {
		ms.Add("SHUTDOWN_GRACE", s.Grace.String(), errors.New("below zero; want a time span such as 8s"))
	}
	if s.Workers < 1 || s.Workers > maxWorkers {
		ms.Add("WORKERS", s.Workers.String(), fmt.Errorf("out of range; want 1 to %d", maxWorkers))
	}
	return ms.Err()
}

// maxWorkers keeps a slip of the finger from asking for more connections than any database has.
const maxWorkers = 1000

type logLevel slog.Level

// Decode reads a level's name.
func (l *logLevel) Decode(text string) error {
	text = strings.ToLower(strings.TrimSpace(text))
	if err := setting.OneOf(text, "debug", "info", "warn", "error"); err != nil {
		return err
	}
	return (*slog.Level)(l).UnmarshalText([]byte(text))
}

type logFormat string

const logText = logFormat("text")

// Decode reads text or json.
func (f *logFormat) Decode(text string) error {
	text = strings.ToLower(strings.TrimSpace(text))
	*f = logFormat(text)
	return setting.OneOf(text, "text", "json")
}

// address is a host:port to listen at; an empty host means all addresses.
type address string

// Decode reads host:port.
func (a *address) Decode(text string) error {
	_, port, err := net.SplitHostPort(text)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n == 0 {
		return errors.New("not an address to listen at; want host:port such as 127.0.0.1:9090 or :9090")
	}
	*a = address(text)
	return nil
}

// oldNames are the names that plugins once had.
var oldNames = map[string]string{
	"readers.probes.http": "http", "readers.prober.http": "http", "readers.kafka": "kafka",
	"readers.dummies.dummy_events": "dummy", "readers.dummy": "dummy",
	"writers.stdout": "stdout", "writers.kafka": "kafka", "writers.postgres": "postgres",
}

// pluginNames puts the names in force for those that were written, each once.
func pluginNames(written setting.Words) (names []string) {
	for _, name := range written {
		name = strings.ToLower(name)
		if known, ok := oldNames[name]; ok {
			name = known
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// source says what READER_PLUGIN asks for: the probes of some protocols, or one reader.
type source struct {
	protocols []string
	reader    string // empty: the protocols are probed
}

// allProbes is the reader that stands for all protocols.
const allProbes = "probes"

func (s runSettings) source() (source, error) {
	protocols, readers := pluginsOf(probePlugins), pluginsOf(readerPlugins)
	names := pluginNames(s.Reader)
	var ms setting.Mistakes
	for _, name := range names {
		if name != allProbes && !slices.Contains(protocols, name) && !slices.Contains(readers, name) {
			want := slices.Concat([]string{allProbes}, protocols, readers)
			ms.Add("READER_PLUGIN", name, fmt.Errorf("no such plugin; want one of %s", strings.Join(want, ", ")))
		}
	}
	if len(ms) > 0 {
		return source{}, ms
	}
	isReader := func(name string) bool { return slices.Contains(readers, name) }
	switch {
	case len(names) == 1 && isReader(names[0]):
		return source{reader: names[0]}, nil
	case slices.ContainsFunc(names, isReader):
		ms.Add("READER_PLUGIN", s.Reader.String(), errors.New("more than one reader; want one, or a list of protocols such as http,tcp"))
		return source{}, ms
	case slices.Contains(names, allProbes):
		return source{protocols: protocols}, nil
	default:
		return source{protocols: names}, nil
	}
}

// sinks are the writers that WRITER_PLUGIN asks for, each once.
func (s runSettings) sinks() ([]string, error) {
	names, known := pluginNames(s.Writer), pluginsOf(writerPlugins)
	var ms setting.Mistakes
	for _, name := range names {
		if !slices.Contains(known, name) {
			ms.Add("WRITER_PLUGIN", name, fmt.Errorf("no such plugin; want one of %s, or a list of them", strings.Join(known, ", ")))
		}
	}
	return names, ms.Err()
}

// workers is WORKERS, or one while that is a mistake.
func (s runSettings) workers() int {
	if s.Workers < 1 || s.Workers > maxWorkers {
		return 1
	}
	return int(s.Workers)
}

// readersOf is how many readers there are of a plugin: only a topic can be shared out among several.
func (s runSettings) readersOf(name string) int {
	if name == kafkareader.Plugin.Name {
		return s.workers()
	}
	return 1
}

// writersOf is how many writers there are of a plugin: standard output is one for all.
func (s runSettings) writersOf(name string) int {
	if name == stdoutwriter.Plugin.Name {
		return 1
	}
	return s.workers()
}

func (s runSettings) grace() time.Duration { return time.Duration(s.Grace) }
