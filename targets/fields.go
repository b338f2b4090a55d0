package targets

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uptimer/uptimer/internal/setting"
)

// field is one field of a target, as CSV names its columns and YAML its keys.
type field int8

const (
	fieldURL field = iota
	fieldName
	fieldInterval
	fieldTimeout
	fieldLabels
	fieldRegex
	fieldMethod
	fieldBody
	fieldHeaders
	fieldExpectedStatus
	fieldFollowRedirects
	fieldKeepAlive
	fieldTLSVerify
	fieldIPFamily
	fieldSend
	fieldExpect
	fieldTLS
	fieldCount
	fieldMaxLoss
	fieldsEnd
)

// rule is what may stand in a field.
type rule struct {
	name     string
	only     []string               // the protocols that have the field; nil: all
	option   func(*Options) *string // where it is kept; nil: in the Target itself
	check    func(string) error     // nil: any text
	secret   bool                   // the value may hold a secret and is not shown
	verbatim bool                   // white space at its ends counts
}

var (
	onlyHTTP = []string{HTTP}
	onlyTCP  = []string{TCP}
	onlyICMP = []string{ICMP}
	withTLS  = []string{HTTP, TCP}
)

var rules = [fieldsEnd]rule{
	fieldURL:      {name: "url"},
	fieldName:     {name: "name", check: checkName},
	fieldInterval: {name: "interval"},
	fieldTimeout:  {name: "timeout"},
	fieldLabels:   {name: "labels", option: func(o *Options) *string { return &o.Labels }},
	fieldRegex:    {name: "regex", only: onlyHTTP, check: checkRegex, verbatim: true, option: func(o *Options) *string { return &o.Regex }},
	fieldMethod:   {name: "method", only: onlyHTTP, check: checkMethod, option: func(o *Options) *string { return &o.Method }},
	fieldBody:     {name: "body", only: onlyHTTP, secret: true, verbatim: true, option: func(o *Options) *string { return &o.Body }},
	fieldHeaders:  {name: "headers", only: onlyHTTP, secret: true, verbatim: true, option: func(o *Options) *string { return &o.Headers }},
	fieldExpectedStatus: {name: "expected_status", only: onlyHTTP, check: checkStatus,
		option: func(o *Options) *string { return &o.ExpectedStatus }},
	fieldFollowRedirects: {name: "follow_redirects", only: onlyHTTP, check: checkCount,
		option: func(o *Options) *string { return &o.FollowRedirects }},
	fieldKeepAlive: {name: "keepalive", only: onlyHTTP, check: checkYesNo, option: func(o *Options) *string { return &o.KeepAlive }},
	fieldTLSVerify: {name: "tls_verify", only: withTLS, option: func(o *Options) *string { return &o.TLSVerify }},
	fieldIPFamily:  {name: "ip_family", check: checkFamily, option: func(o *Options) *string { return &o.IPFamily }},
	fieldSend:      {name: "send", only: onlyTCP, check: checkSend, secret: true, verbatim: true, option: func(o *Options) *string { return &o.Send }},
	fieldExpect:    {name: "expect", only: onlyTCP, check: checkRegex, verbatim: true, option: func(o *Options) *string { return &o.Expect }},
	fieldTLS:       {name: "tls", only: onlyTCP, check: checkYesNo, option: func(o *Options) *string { return &o.TLS }},
	fieldCount:     {name: "count", only: onlyICMP, check: checkPackets, option: func(o *Options) *string { return &o.Count }},
	fieldMaxLoss:   {name: "max_loss", only: onlyICMP, check: checkPercent, option: func(o *Options) *string { return &o.MaxLoss }},
}

// fieldNames is in the order of the fields.
var fieldNames = func() (names []string) {
	for _, r := range rules {
		names = append(names, r.name)
	}
	return names
}()

// fieldOf finds a field by its name, and words the mistake of one that does not exist. what is "column" or "key".
func fieldOf(name, what string) (field, error) {
	if i := slices.Index(fieldNames, name); i >= 0 {
		return field(i), nil
	}
	if hint := setting.Nearest(strings.ToLower(name), fieldNames); hint != "" {
		return 0, fmt.Errorf("unknown %s, did you mean %s?", what, hint)
	}
	return 0, fmt.Errorf("unknown %s; want one of %s", what, strings.Join(fieldNames, ", "))
}

// applies is an error if a target of that protocol has no such field.
func (r *rule) applies(protocol string) error {
	if r.only == nil || slices.Contains(r.only, protocol) {
		return nil
	}
	hint := ""
	switch {
	case r.name == "regex" && protocol == TCP:
		hint = "; want expect"
	case r.name == "body" && protocol == TCP:
		hint = "; want send"
	}
	return fmt.Errorf("only for %s targets, and this one is %s%s", strings.Join(r.only, " and "), protocol, hint)
}

// checkText is what holds for every field.
func checkText(text string) error {
	switch {
	case !utf8.ValidString(text):
		return errors.New("not UTF-8; want UTF-8 text")
	case strings.IndexByte(text, 0) >= 0:
		return errors.New("holds a zero byte; want text without")
	}
	return nil
}

const maxName = 255

func checkName(text string) error {
	if len(text) > maxName {
		return fmt.Errorf("longer than %d bytes; want a shorter name", maxName)
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return errors.New("holds a control character; want a name on one line")
	}
	return nil
}

// checkRegex parses only: a probe compiles what it needs.
func checkRegex(text string) error {
	_, err := syntax.Parse(text, syntax.Perl)
	var cause *syntax.Error
	if errors.As(err, &cause) {
		return fmt.Errorf("not a regular expression: %s: %q; want Go's syntax (RE2)", cause.Code, setting.Redact(cause.Expr))
	}
	return err
}

func checkStatus(text string) error {
	_, err := ParseStatusSet(text)
	return err
}

func checkCount(text string) error {
	_, err := setting.ParseCount(text)
	return err
}

func checkYesNo(text string) error {
	_, err := setting.ParseYesNo(text)
	return err
}

func checkFamily(text string) error { return setting.OneOf(text, "any", "4", "6") }

func checkSend(text string) error {
	_, err := Unescape(text)
	return err
}

// maxPackets bounds the echo requests of one check: at 100 ms each, 1000 take well over a minute.
const maxPackets = 1000

// ParsePacketCount reads how many echo requests a check of an icmp target sends: 1 to 1000.
func ParsePacketCount(text string) (int, error) {
	n, err := setting.ParseCount(text)
	if err != nil || n < 1 || n > maxPackets {
		return 0, fmt.Errorf("not a count of packets; want a whole number from 1 to %d", maxPackets)
	}
	return n, nil
}

func checkPackets(text string) error {
	_, err := ParsePacketCount(text)
	return err
}

// ParsePercent reads the share of packets that may be lost: 0 to 100.
func ParsePercent(text string) (float64, error) {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(n >= 0 && n <= 100) || strings.ContainsAny(text, "xXpP_") {
		return 0, errors.New("not a percentage; want a number from 0 to 100")
	}
	return n, nil
}

func checkPercent(text string) error {
	_, err := ParsePercent(text)
	return err
}
