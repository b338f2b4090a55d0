package share

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/segmentio/kafka-go"
)

// claimOf is what a member says that has these slices.
func claimOf(of int, generation int32, list ...int) claim {
	c := claim{generation, newSlices(of)}
	for _, s := range list {
		c.slices.add(s)
	}
	return c
}

// If this failed, targets would move from one instance to another without need: each is checked once more then.
func TestWhoGetsWhat(t *testing.T) {
	for name, c := range map[string]struct {
		of     int
		claims []claim
		want   [][]int
	}{
		"nobody":                        {4, nil, nil},
		"alone":                         {4, []claim{{}}, [][]int{{0, 1, 2, 3}}},
		"two that are new":              {5, []claim{{}, {}}, [][]int{{0, 1, 2}, {3, 4}}},
		"nothing changes":               {5, []claim{claimOf(5, 1, 1, 4), claimOf(5, 1, 0, 2, 3)}, [][]int{{1, 4}, {0, 2, 3}}},
		"one comes":                     {6, []claim{claimOf(6, 1, 0, 1, 2), claimOf(6, 1, 3, 4, 5), {}}, [][]int{{0, 1}, {3, 4}, {2, 5}}},
		"one goes":                      {6, []claim{claimOf(6, 1, 0, 1), claimOf(6, 1, 3, 5)}, [][]int{{0, 1, 2}, {3, 4, 5}}},
		"more members than slices":      {2, []claim{{}, claimOf(2, 1, 0), claimOf(2, 1, 1)}, [][]int{nil, {0}, {1}}},
		"one that was away is outdated": {4, []claim{claimOf(4, 3, 0, 1), claimOf(4, 5, 0, 1, 2, 3)}, [][]int{{2, 3}, {0, 1}}},
		"the same generation twice":     {4, []claim{claimOf(4, 3, 0, 1), claimOf(4, 3, 0, 1)}, [][]int{{0, 1}, {2, 3}}},
		"of another number of slices":   {4, []claim{{}, claimOf(8, 9, 0, 1, 6, 7)}, [][]int{{0, 1}, {2, 3}}},
	} {
		got := divide(c.of, c.claims)
		for i := range got {
			if len(got[i]) == 0 {
				got[i] = nil
			}
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// If this failed, some targets would be checked by nobody or by two, or one instance would have much more to do than
// another, or more would move than must. (Seen to fail: more move than
// must when the one more goes to the first members instead of those who have most.)
func TestEveryPartitionOnceEvenlyAndFewMove(t *testing.T) {
	for range 2000 {
		of, members := 1+rand.IntN(60), 1+rand.IntN(12)
		claims := make([]claim, members)
		had := make([]int, of) // who has a slice by right, or -1
		for s := range had {
			had[s] = rand.IntN(members+1) - 1
		}
		for i := range claims {
			claims[i] = claimOf(of, 7)
			for s := range had {
				if had[s] == i {
					claims[i].slices.add(s)
				}
			}
		}
		lists := divide(of, claims)
		if again := divide(of, claims); !reflect.DeepEqual(lists, again) {
			t.Fatalf("%v and then %v", lists, again)
		}
		moved := 0
		times := make([]int, of)
		for i, list := range lists {
			if n := len(list); n < of/members || n > (of+members-1)/members {
				t.Fatalf("%d slices, %d members: one has %d", of, members, n)
			}
			for _, s := range list {
				times[s]++
				if had[s] >= 0 && had[s] != i {
					moved++
				}
			}
		}
		if slices.ContainsFunc(times, func(n int) bool { return n != 1 }) {
			t.Fatalf("slices are given out %v times", times)
		}
		if must := mustMove(of, claims); moved != must {
			t.Fatalf("%d slices, %d members: %d moved, %d must", of, members, moved, must)
		}
	}
}

// mustMove is how many slices must be taken away from their owners so that no one has more than an even share, and no
// more than that many have one more.
func mustMove(of int, claims []claim) (n int) {
	var counts []int
	for _, c := range claims {
		counts = append(counts, c.slices.Count())
	}
	slices.Sort(counts)
	slices.Reverse(counts)
	for i, has := range counts {
		quota := of / len(claims)
		if i < of%len(claims) {
			quota++
		}
		n += max(0, has-quota)
	}
	return n
}

// If this failed, the share would depend on the order in which the broker names the members, or a member that another
// program has put into the group would stop everybody.
func TestMembersComeInAnyOrderAndSayAnything(t *testing.T) {
	b := &balancer{topic: "t", of: func() int { return 6 }}
	members := []kafka.GroupMember{
		{ID: "a", UserData: claimOf(6, 1, 0, 1, 2).encode()}, {ID: "b", UserData: []byte("hello")}, {ID: "c"},
	}
	var partitions []kafka.Partition
	for i := range 6 {
		partitions = append(partitions, kafka.Partition{Topic: "t", ID: i}, kafka.Partition{Topic: "other", ID: i})
	}
	want := kafka.GroupMemberAssignments{"a": {"t": {0, 1}}, "b": {"t": {2, 3}}, "c": {"t": {4, 5}}}
	for range 20 {
		rand.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		if got := b.AssignGroups(slices.Clone(members), partitions); !reflect.DeepEqual(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	}
	// A topic that was deleted, or that this broker does not know yet, is no reason to stop checking.
	if got := b.AssignGroups(members, nil); !reflect.DeepEqual(got, want) {
		t.Errorf("without the topic: %v, want %v", got, want)
	}
}

// If this failed, bytes from the network could crash an instance, take its memory, or become slices that there are not.
func FuzzClaim(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(claimOf(240, 3, 0, 7, 8, 239).encode())
	f.Add(claimOf(3, 1, 2).encode())
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 3, 0xff})
	f.Add([]byte{1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := decodeClaim(b)
		if err != nil || len(b) == 0 {
			return
		}
		if again := c.encode(); !slices.Equal(again, b) {
			t.Errorf("%x is read as %x", b, again)
		}
		if n := c.slices.Count(); n > c.slices.Of() {
			t.Errorf("%d of %d", n, c.slices.Of())
		}
	})
}

// If this failed, a claim that is cut short, or of a later format, would be taken for something else.
func TestWhatIsNoClaim(t *testing.T) {
	good := claimOf(9, 1, 0, 8).encode()
	for _, b := range [][]byte{good[:len(good)-1], append(slices.Clone(good), 0), append([]byte{2}, good[1:]...), good[:3], {1, 0xff, 0, 0, 0, 0, 0, 0, 0}} {
		if c, err := decodeClaim(b); err == nil {
			t.Errorf("%x is %v", b, fmt.Sprint(c))
		}
	}
}
