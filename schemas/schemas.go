// Package schemas is the event types: a JSON Schema each, in a file named by its title. A new event type is a new
// file here and nothing else.
package schemas

import "embed"

// FS holds the schema files, at its root.
//
//go:embed *.json
var FS embed.FS
