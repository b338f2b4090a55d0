package kafka

import (
	"log/slog"
	"runtime/debug"
	"testing"

	"github.com/uptimer/uptimer/events/plugin"
)

// In a container that is smaller than BUFFER_BYTES, a backlog would get the process killed, at each start again.
func TestTheBufferFitsTheMemory(t *testing.T) {
	before := debug.SetMemoryLimit(90 << 20)
	defer debug.SetMemoryLimit(before)
	env := plugin.NewEnvironment([]string{"KAFKA_BOOTSTRAP_SERVER=127.0.0.1:9092", "KAFKA_READER_TOPIC=events"})
	r, err := Plugin.Open(env, plugin.Host{Log: slog.New(slog.DiscardHandler), Workers: 3})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.(*Reader).config.Buffer; got != 10<<20 {
		t.Errorf("each of three workers that have 90 MiB together holds %d bytes", got)
	}
}
