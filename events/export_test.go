package events

// Quickly tells whether the fast path takes data.
func (c *Catalog) Quickly(data []byte) bool {
	_, ok := c.accept(data)
	return ok
}
