package topic

import (
	"errors"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/uptimer/uptimer/internal/lasting"
)

// Membership is whether we are in a consumer group, and what is said while we are not. It is for one goroutine.
type Membership struct {
	Doing string // what we do there, as a refusal names it: `reading as a member of the group "g"`
	Apart lasting.Fault

	joined bool // ever
}

// Joined takes note of a generation that has us in it.
func (m *Membership) Joined() {
	m.joined = true
	m.Apart.Over()
}

// Refused is a *Refused if an error of kafka.ConsumerGroup.Next says that we may not be a member, and nil if another try
// is worth it: then it says so, unless it is no trouble at all. Who was a member once is never refused for good.
func (m *Membership) Refused(err error) error {
	if refused := PermissionError(m.Doing, err); refused != nil && !m.joined {
		return refused
	}
	for _, usual := range []kafka.Error{kafka.UnknownMemberId, kafka.RebalanceInProgress, kafka.IllegalGeneration} {
		if errors.Is(err, usual) {
			m.Apart.Log.Debug("joining the consumer group again", "error", err)
			return nil
		}
	}
	m.Apart.Happened("error", err)
	return nil
}

// leaveTime bounds the good-bye to a group: the pipeline leaves a reader behind that takes longer than 2 s after the
// grace.
const leaveTime = time.Second

// Leave says good-bye to the group, so that the others get our partitions at once. Where that takes too long it closes
// the cluster.
func (c *Cluster) Leave(group *kafka.ConsumerGroup) {
	left := make(chan struct{})
	go func() {
		defer close(left)
		_ = group.Close() // it returns no errors
	}()
	late := time.NewTimer(leaveTime)
	defer late.Stop()
	select {
	case <-left:
	case <-late.C:
		c.Close() // ends what the library waits for
		<-left
	}
}
