package probes

import "math"

// maxDescriptors is how many descriptors this process may have open: Windows has no such limit.
func maxDescriptors() int { return math.MaxInt32 }
