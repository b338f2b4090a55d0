package targets

import "testing"

// BenchmarkParseURL is what every line of a list and every check does once or more.
func BenchmarkParseURL(b *testing.B) {
	for name, url := range map[string]string{
		"address": "http://127.1.2.3:18080/status", "name": "https://www.shop-017.example.com/health?from=probe", "tcp": "tcp://db.example.com:5432",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := parseURL(url, "https"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
