package main

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
)

// confirm returns nil when the user agrees, or has agreed already.
func (c *console) confirm(question string, agreed bool) error {
	if agreed {
		return nil
	}
	if !c.terminal {
		return usageError{errors.New("nobody to ask, because standard input is no terminal: nothing was changed; --yes agrees")}
	}
	fmt.Fprintf(c.err, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(c.in).ReadString('\n') // the end of the input is a no
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	default:
		return errors.New("nothing was changed")
	}
}
