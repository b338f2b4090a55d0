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
)

// runSettings are the settings that belong to no plugin.
type runSettings struct {
	Reader    setting.Words    `envconfig:"READER_PLUGIN" default:"probes" desc:"where events come from: probes (all protocols), any of http, tcp, icmp (a comma list: only these), kafka, or dummy"`
	Writer    setting.Words    `envconfig:"WRITER_PLUGIN" default:"stdout" desc:"where events go: stdout, kafka or postgres"`
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
	return ms.Err()
}

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

// sink is the one writer that WRITER_PLUGIN asks for.
func (s runSettings) sink() (string, error) {
	names, known := pluginNames(s.Writer), pluginsOf(writerPlugins)
	var ms setting.Mistakes
	for _, name := range names {
		if !slices.Contains(known, name) {
			ms.Add("WRITER_PLUGIN", name, fmt.Errorf("no such plugin; want one of %s", strings.Join(known, ", ")))
		}
	}
	if len(ms) == 0 && len(names) != 1 {
		ms.Add("WRITER_PLUGIN", s.Writer.String(), errors.New("more than one writer; want one"))
	}
	if len(ms) > 0 {
		return "", ms
	}
	return names[0], nil
}

func (s runSettings) grace() time.Duration { return time.Duration(s.Grace) }
