package icmp

import (
	"math"
	"time"

	"github.com/uptimer/uptimer/probes"
)

// Details are the fields that ICMPProbeEvent adds to ProbeEvent. The round trips are nil if nothing was answered.
type Details struct {
	PacketsSent     int            `json:"packets_sent"`
	PacketsReceived int            `json:"packets_received"`
	RTTMin          *probes.Millis `json:"rtt_min_ms"`
	RTTAvg          *probes.Millis `json:"rtt_avg_ms"`
	RTTMax          *probes.Millis `json:"rtt_max_ms"`
	RTTStddev       *probes.Millis `json:"rtt_stddev_ms"` // of all round trips, not an estimate from a sample
}

// AppendFields writes them as events.FieldsAppender says.
func (d Details) AppendFields(to []byte) []byte {
	to = probes.AppendInt(append(to, `,"packets_sent":`...), d.PacketsSent)
	to = probes.AppendInt(append(to, `,"packets_received":`...), d.PacketsReceived)
	to = probes.AppendOptional(append(to, `,"rtt_min_ms":`...), d.RTTMin, appendTrip)
	to = probes.AppendOptional(append(to, `,"rtt_avg_ms":`...), d.RTTAvg, appendTrip)
	to = probes.AppendOptional(append(to, `,"rtt_max_ms":`...), d.RTTMax, appendTrip)
	return probes.AppendOptional(append(to, `,"rtt_stddev_ms":`...), d.RTTStddev, appendTrip)
}

func appendTrip(to []byte, trip probes.Millis) []byte {
	return probes.AppendMillis(to, time.Duration(trip))
}

// newDetails counts and measures. mean is zero if nothing was answered.
func newDetails(sent int, trips []time.Duration) (d *Details, mean time.Duration) {
	var together struct { // one allocation
		Details
		values [4]probes.Millis
	}
	d, values := &together.Details, &together.values
	d.PacketsSent, d.PacketsReceived = sent, len(trips)
	if len(trips) == 0 {
		return d, 0
	}
	shortest, longest, sum := trips[0], trips[0], time.Duration(0)
	for _, t := range trips {
		shortest, longest, sum = min(shortest, t), max(longest, t), sum+t
	}
	mean = sum / time.Duration(len(trips))
	var squares float64
	for _, t := range trips {
		squares += float64(t-mean) * float64(t-mean)
	}
	*values = [4]probes.Millis{
		probes.Millis(shortest), probes.Millis(mean), probes.Millis(longest),
		probes.Millis(math.Sqrt(squares / float64(len(trips)))),
	}
	d.RTTMin, d.RTTAvg, d.RTTMax, d.RTTStddev = &values[0], &values[1], &values[2], &values[3]
	return d, mean
}
