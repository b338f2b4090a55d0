package targets

import "strings"

// literalArray reads an array of quoted strings in which backslashes are no escapes, such as ["\w+", "\d+"].
func literalArray(text string) (items []string, ok bool) {
	rest, ok := strings.CutPrefix(skipHead(text), "[")
	for ok {
		rest = skipHead(rest)
		if after, closed := strings.CutPrefix(rest, "]"); closed {
			return items, isEnd(after)
		}
		var item string
		if item, rest, ok = cutQuoted(rest); !ok {
			break
		}
		items = append(items, item)
		rest, ok = strings.CutPrefix(skipHead(rest), ",")
		ok = ok || strings.HasPrefix(rest, "]")
	}
	return nil, false
}

// cutQuoted takes the quoted string at the beginning of a text as it stands: a backslash stays, and keeps the quote
// behind it from ending the string. A doubled single quote is one, as in YAML.
func cutQuoted(text string) (inside, rest string, ok bool) {
	if text == "" || text[0] != '"' && text[0] != '\'' {
		return "", text, false
	}
	quote := text[0]
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\', quote == '\'' && strings.HasPrefix(text[i:], "''"):
			i++
		case text[i] == quote && quote == '\'':
			return strings.ReplaceAll(text[1:i], "''", "'"), text[i+1:], true
		case text[i] == quote:
			return text[1:i], text[i+1:], true
		}
	}
	return "", text, false
}

// isEnd tells whether nothing follows but white space and comments.
func isEnd(text string) bool { return !strings.HasPrefix(text, "#") && skipHead(text) == "" }
