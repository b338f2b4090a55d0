package main

import (
	"cmp"
	"errors"
	"slices"

	"github.com/uptimer/uptimer/events/plugin"
	"github.com/uptimer/uptimer/internal/setting"
	kafkareader "github.com/uptimer/uptimer/readers/kafka"
	kafkawriter "github.com/uptimer/uptimer/writers/kafka"
)

// topics are those that are read and written in one process; they are on the same cluster.
type topics struct {
	Read        string `envconfig:"KAFKA_READER_TOPIC" desc:"topic to read"`
	Write       string `envconfig:"KAFKA_WRITER_TOPIC" desc:"topic to write to"`
	DeadLetters string `envconfig:"KAFKA_DEAD_LETTER_TOPIC" desc:"topic for what cannot be used"`
}

// Validate returns setting.Mistakes.
func (t topics) Validate() error {
	var ms setting.Mistakes
	switch {
	case t.Write == "":
	case t.Write == t.Read:
		ms.Add("KAFKA_WRITER_TOPIC", t.Write, errors.New("the topic that is read, so each event would be read and written for ever; want another"))
	case t.Write == cmp.Or(t.DeadLetters, t.Read+kafkareader.DeadLetterSuffix):
		ms.Add("KAFKA_WRITER_TOPIC", t.Write, errors.New("the topic for dead letters, which would be among the events; want another"))
	}
	return ms.Err()
}

// checkTopics finds a process that would read what it writes.
func (s runSettings) checkTopics(env *plugin.Environment) error {
	if !slices.Contains(pluginNames(s.Reader), kafkareader.Plugin.Name) || !slices.Contains(pluginNames(s.Writer), kafkawriter.Plugin.Name) {
		return nil
	}
	return plugin.Load(env, &topics{})
}
