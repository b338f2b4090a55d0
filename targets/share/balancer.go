package share

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/segmentio/kafka-go"
)

// balancer assigns slices to members evenly, and moves as few as it can: each member keeps what it has, up to an even
// share. It is the kafka.GroupBalancer of a Member; the one of the group's leader decides for all.
type balancer struct {
	topic string
	of    func() int // slices, as far as this member knows

	mu   sync.Mutex
	mine claim
}

// ProtocolName keeps members apart that would not understand one another.
func (*balancer) ProtocolName() string { return "uptimer-share" }

// UserData is what this member has, for the leader.
func (b *balancer) UserData() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mine.encode(), nil
}

// has takes note of what this member has.
func (b *balancer) has(c claim) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mine = c
}

// AssignGroups divides the slices among the members. It is called on the leader only. That a topic is missing, or new
// to the broker that was asked, does not change the number of slices.
func (b *balancer) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	of := 0
	for _, p := range partitions {
		if p.Topic == b.topic {
			of++
		}
	}
	if of == 0 {
		of = b.of()
	}
	members = slices.SortedFunc(slices.Values(members), func(x, y kafka.GroupMember) int { return strings.Compare(x.ID, y.ID) })
	claims := make([]claim, len(members))
	for i, m := range members {
		claims[i], _ = decodeClaim(m.UserData) // what cannot be read claims nothing
	}
	all := kafka.GroupMemberAssignments{}
	for i, list := range divide(of, claims) {
		all[members[i].ID] = map[string][]int{b.topic: list}
	}
	return all
}

// divide gives each slice to one of the members, as many to each as to any other, or one more. As few as possible move.
// It depends on its arguments alone.
func divide(of int, claims []claim) [][]int {
	if len(claims) == 0 {
		return nil
	}
	lists, free := owned(of, claims)
	order := make([]int, len(claims)) // those who have most first: theirs is the one more
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(len(lists[y]), len(lists[x])) })
	quota := make([]int, len(claims))
	for place, i := range order {
		quota[i] = of / len(claims)
		if place < of%len(claims) {
			quota[i]++
		}
		if n := len(lists[i]); n > quota[i] {
			free = append(free, lists[i][quota[i]:]...)
			lists[i] = lists[i][:quota[i]:quota[i]]
		}
	}
	slices.Sort(free)
	for _, i := range order {
		n := quota[i] - len(lists[i])
		lists[i] = append(lists[i], free[:n]...)
		free = free[n:]
		slices.Sort(lists[i])
	}
	return lists
}

// owned sorts the slices by who has them, and the rest. Of two that claim the same the later generation is right: the
// other was away when that was decided.
func owned(of int, claims []claim) (lists [][]int, free []int) {
	lists = make([][]int, len(claims))
	for s := range of {
		owner := -1
		for i, c := range claims {
			if c.slices.of == of && c.slices.has(s) && (owner < 0 || c.generation > claims[owner].generation) {
				owner = i
			}
		}
		if owner < 0 {
			free = append(free, s)
		} else {
			lists[owner] = append(lists[owner], s)
		}
	}
	return lists, free
}
