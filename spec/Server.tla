------------------------------- MODULE Server -------------------------------
(* What a malicious DeliveryService can do. It can sign nothing and holds no key. *)
EXTENDS Properties

VARIABLES
    posted,    \* every post that was ever made, with its author: the server may show it again, anywhere
    alarm      \* clients that found out that another one sees another call

all == <<vars, posted, alarm>>

(* The server. It shows one log until it splits the room; from then on it shows some clients the one, some the *)
(* other, and goes on with each as it likes. Rust: crates/sim, plan `server`                                  *)

Split(moved) ==
    /\ Cardinality(Views) = 2 /\ log[2] = <<>> /\ Spend("split")
    /\ log' = [log EXCEPT ![2] = log[1]]
    /\ chain' = [chain EXCEPT ![2] = chain[1]]
    /\ view' = [c \in Known |-> IF c \in moved THEN 2 ELSE 1]
    /\ UNCHANGED <<owner, run, up, read, state, began, entering, pending, made, wire, misled, away>>

(* What it can append: invented arrivals and departures, foundings and entries in anybody's name, and every post, refused ones *)
(* too, in any order, as often as it likes, in another's name, naming others, or without its Welcome.                          *)
Forged(v) ==
    {Arrived(Clients + 1)}
    \union {Departed(c) : c \in Present(log[v])}
    \union {Entered(c) : c \in Present(log[v])}
    \union {Founded(c, Parent(log[v]), Founding(c, Parent(log[v]))) : c \in Present(log[v])}
    \union UNION {LET e == EntryOf(p[1], p[2]) IN
                   IF e.type = "founded" THEN {e}
                   ELSE {e, [e EXCEPT !.adds = {}], [e EXCEPT !.adds = Present(log[v])], [e EXCEPT !.welcome = NoState]}
                          \union {[e EXCEPT !.client = c] : c \in Present(log[v])} : p \in posted}

Forge(v) ==
    /\ v = 1 \/ log[2] # <<>>
    /\ Spend("forge")
    /\ \E e \in Forged(v) : (e.type = "arrived" => e.client \notin Present(log[v])) /\ AppendTo(v, e) /\ Did(<<"forge", v, e.type, e.client>>)
    /\ UNCHANGED <<owner, run, up, view, read, state, began, entering, pending, made, wire, misled, away>>

(* ---- The fork alarm ---- *)

(* c and d were shown different logs, or hold states of one group of which neither led to the other. *)
SeeApart(c, d) ==
    LET n == IF read[c] < read[d] THEN read[c] ELSE read[d]
    IN  SubSeq(Log(c), 1, n) # SubSeq(Log(d), 1, n)
StandApart(c, d) == state[c] \notin Ancestors(state[d]) /\ state[d] \notin Ancestors(state[c])
Forked(c, d) == InGroup(c) /\ InGroup(d) /\ (SeeApart(c, d) \/ StandApart(c, d))

(* What d makes of c's word: a message tells what c saw of the log, and only this state of the group and those that it *)
(* led to can read it; a signed check tells c's epoch. What cannot be read, or is of a later epoch, counts as a       *)
(* difference when it has lasted. Rust: tangelo_call's fork_alarm                                                     *)
Differs(c, d) ==
    IF "alarm_by_epoch_only" \in Mistake THEN state[c].epoch > state[d].epoch
    ELSE state[c] \in Ancestors(state[d]) => SeeApart(c, d)

Hear(c, d) ==
    /\ c # d /\ c \in Honest /\ d \in Honest /\ d \notin alarm
    /\ On(c) /\ On(d) /\ InGroup(c) /\ InGroup(d)
    /\ Differs(c, d)
    /\ alarm' = alarm \union {d}
    /\ UNCHANGED <<vars, posted>> /\ Did(<<"alarm", c, d>>)

NextServer ==
    \/ /\ \/ NextHonest
          \/ \E moved \in SUBSET Known : Split(moved) /\ Did(<<"split", moved>>)
          \/ \E v \in Views : Forge(v)
       /\ posted' = posted \union {<<c, pending'[c]>> : c \in {d \in DOMAIN pending' : pending'[d] # NoPost}}
       /\ UNCHANGED alarm
    \/ \E c, d \in Known : Hear(c, d)

(* A malicious server may do nothing any more, so there is no deadlock to look for. *)
Silence == UNCHANGED all /\ Did(<<>>)

(* The members' words get through; a server that keeps them back is noticed by their silence. *)
HeardFairly == WF_all(\E c, d \in Known : Hear(c, d))
ServerSpec == Init /\ posted = {} /\ alarm = {} /\ [][NextServer \/ Silence]_<<all, did>> /\ HeardFairly

(* Forks imply an alarm. *)
Unnoticed == \E c, d \in Honest : On(c) /\ On(d) /\ Forked(c, d) /\ {c, d} \cap alarm = {}
ForksImplyAlarm == Unnoticed ~> ~Unnoticed
=============================================================================
