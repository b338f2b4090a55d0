// Package events is what an event is, and where events come from and go: Event and the Catalog that makes them
// valid, Reader, Writer, and Emit between them.
package events
