package kafka

import (
	"math/rand/v2"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// breakProduce makes brokers take nothing for a topic until it is mended.
func breakProduce(c *kfake.Cluster, topic string) (mend func()) {
	return c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: topic, Err: kerr.NotEnoughReplicas, Count: -1}).Remove
}

// smallMessages is the configuration of a topic that takes small messages only.
var smallMessages = map[string]string{"max.message.bytes": "100000"}

// randomText cannot be compressed much.
func randomText(n int) []byte {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(' ' + rand.N(90))
	}
	return text
}
