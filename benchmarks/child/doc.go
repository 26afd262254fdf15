// Package child is the program, started again by itself: to be measured from outside, or to be
// killed. A child is told its task as JSON on its standard input, and reports on its standard
// output; when its input ends, because its parent has or wants it to, so does the child.
package child
