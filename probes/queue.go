package probes

import "slices"

// queue is tasks, first in first out.
type queue struct {
	tasks []*task
	head  int
}

func (q *queue) len() int { return len(q.tasks) - q.head }

func (q *queue) push(t *task) {
	if q.head > 64 && q.head > len(q.tasks)/2 {
		n := copy(q.tasks, q.tasks[q.head:])
		clear(q.tasks[n:])
		q.tasks, q.head = q.tasks[:n], 0
	}
	q.tasks = append(q.tasks, t)
}

// reserve makes room for so many more.
func (q *queue) reserve(n int) { q.tasks = slices.Grow(q.tasks, n) }

// pop takes the first of a queue that is not empty. A queue that has become empty gives its memory back.
func (q *queue) pop() *task {
	t := q.tasks[q.head]
	q.tasks[q.head] = nil
	q.head++
	if q.head == len(q.tasks) {
		q.tasks, q.head = keepSmall(q.tasks), 0
	}
	return t
}

func keepSmall(tasks []*task) []*task {
	if cap(tasks) > 4096 {
		return nil
	}
	return tasks[:0]
}

// keep drops the tasks that are not wanted any more.
func (q *queue) keep(wanted func(*task) bool) {
	q.tasks = slices.DeleteFunc(q.tasks[q.head:], func(t *task) bool { return !wanted(t) })
	q.head = 0
}
