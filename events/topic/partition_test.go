package topic

import (
	"testing"

	"github.com/segmentio/kafka-go"
)

// If this failed, events of a target would lie in other partitions than those of Java's producers, and their order
// would be lost. The numbers are those that org.apache.kafka.common.utils.Utils.murmur2 returns, from the tests of
// Kafka itself.
func TestMurmur2IsJavas(t *testing.T) {
	for text, want := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		if got := int32(murmur2([]byte(text))); got != want {
			t.Errorf("murmur2(%q) = %d, want %d", text, got, want)
		}
	}
}

// If this failed, a partition would be chosen that Java's clients do not choose, for some key and some number of
// partitions. The library's balancer was compared with Java's producer.
func FuzzPartition(f *testing.F) {
	for _, key := range []string{"", "a", "ab", "abc", "33ea95eb-a074-5116-9fe6-169dc42ac750"} {
		f.Add([]byte(key), uint16(12))
	}
	f.Fuzz(func(t *testing.T, key []byte, n uint16) {
		if n == 0 || n > 1000 || key == nil {
			return
		}
		var all []int
		for i := range int(n) {
			all = append(all, i)
		}
		want := kafka.Murmur2Balancer{Consistent: true}.Balance(kafka.Message{Key: key}, all...)
		if got := new(partitioner).choose(key, int(n)); got != want {
			t.Errorf("key %q of %d partitions: %d, want %d", key, n, got, want)
		}
	})
}

// If this failed, events without a target would all lie in one partition, or each in a batch of its own.
func TestMessagesWithoutAKeyAreSpread(t *testing.T) {
	var p partitioner
	count := map[int]int{}
	changes, last := 0, -1
	for range 12 * unkeyedRun {
		at := p.choose(nil, 12)
		count[at]++
		if at != last {
			changes++
		}
		last = at
	}
	if len(count) != 12 || changes != 12 {
		t.Errorf("%d partitions in %d runs, want 12 in 12: %v", len(count), changes, count)
	}
}
