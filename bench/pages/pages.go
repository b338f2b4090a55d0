// Package pages holds lists that grow while something is measured, without being felt.
package pages

import "iter"

// pageLength is how many elements a page has.
const pageLength = 1 << 14

// List grows by whole pages, so that nothing is ever copied: a slice of some hundred megabytes that grows takes a core of
// the machine for a tenth of a second. If T has no pointers, the garbage collector does not read it either. The zero List
// is empty.
type List[T any] struct {
	pages [][]T
}

// Add appends an element.
func (l *List[T]) Add(element T) {
	last := len(l.pages) - 1
	if last < 0 || len(l.pages[last]) == pageLength {
		l.pages = append(l.pages, make([]T, 0, pageLength))
		last++
	}
	l.pages[last] = append(l.pages[last], element)
}

// Len is how many elements there are.
func (l *List[T]) Len() int {
	if len(l.pages) == 0 {
		return 0
	}
	last := len(l.pages) - 1
	return last*pageLength + len(l.pages[last])
}

// All are the elements, in the order in which they were added.
func (l *List[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, page := range l.pages {
			for _, element := range page {
				if !yield(element) {
					return
				}
			}
		}
	}
}
