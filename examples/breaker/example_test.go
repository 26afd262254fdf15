package main

// Four attempts fail, and two of the next call, which open the breaker.
func Example() {
	run(newGobreaker)
	// Output:
	// ill: false  requests: 1  200 OK
	// ill: true   requests: 4  503 Service Unavailable
	// ill: true   requests: 2  not sent
	// ill: true   requests: 0  not sent
	// ill: false  requests: 0  not sent
	// ill: false  requests: 1  200 OK
}

func Example_failsafe() {
	run(newFailsafe)
	// Output:
	// ill: false  requests: 1  200 OK
	// ill: true   requests: 4  503 Service Unavailable
	// ill: true   requests: 2  not sent
	// ill: true   requests: 0  not sent
	// ill: false  requests: 0  not sent
	// ill: false  requests: 1  200 OK
}
