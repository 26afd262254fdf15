package sim

import "time"

// Ask calls the store: do runs there, and answered here with its answer.
func (w *World) Ask(process int, do func(), answered func()) {
	w.tally.Stored(1)
	w.After(w.toStore(), func() {
		do()
		w.After(w.toStore(), func() {
			if !w.dead[process] {
				answered()
			}
		})
	})
}

// Push lets every process hear what the store publishes, those that are told.
func (w *World) Push(hear func(process int)) {
	if w.tally.o.Successes > 0 && w.pushes < w.Case.LosePushes {
		w.pushes++
		return
	}
	for p := range w.Case.Processes {
		if w.Storeless(p) || w.Case.PushLoss > 0 && w.storage.Float64() < w.Case.PushLoss {
			continue
		}
		w.After(w.toStore(), func() {
			if !w.dead[p] {
				hear(p)
			}
		})
	}
}

func (w *World) toStore() time.Duration {
	d := storeLeast + time.Duration(w.storage.Float64()*float64(storeMost-storeLeast))
	return time.Duration(float64(d) * w.Case.StoreDelay)
}
