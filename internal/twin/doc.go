// Package twin is the core of a digital twin: the one machine that the stream,
// the backtest and the what-if run.
//
// A Partition holds the state of some meters. It takes records of a stream, or
// readings that are decoded already, under Rules, and adds what follows from them
// to an Effects value: readings, corrections, verdicts, forecasts, decisions,
// rejected messages, totals of groups and the newest reading of each meter. It
// reads no store, no clock and no random number, so that the same records under
// the same rules give the same effects to the bit, however they fall into batches
// and wherever a run is interrupted.
//
// The caller works in this order:
//
//	p.Begin(&effects)
//	p.Read(record)                 // each record of the batch, in order
//	p.Register(ref)                // each meter of p.Unknown()
//	p.Apply(history, &effects)
//	p.Finish(&effects)
//
// It has more than 25 files and 3,500 lines, as each step of a record is a file, and all
// steps change the state of one partition: windows, hours that are not whole, sums of
// groups, plans. Packages for steps would export that state, and every caller would have
// to keep the order of steps on which equal bits rest.
package twin
