------------------------------- MODULE Server -------------------------------
(* What a malicious DeliveryService can do. It can sign nothing and holds no key. *)
EXTENDS Properties

VARIABLE posted    \* every post that was ever made, with its author: the server may show it again, anywhere

(* The server. It shows one log until it splits the room; from then on it shows some clients the one, some the *)
(* other, and goes on with each as it likes. Rust: crates/sim, plan `server`                                  *)

Split(moved) ==
    /\ Cardinality(Views) = 2 /\ log[2] = <<>> /\ Spend("split")
    /\ log' = [log EXCEPT ![2] = log[1]]
    /\ chain' = [chain EXCEPT ![2] = chain[1]]
    /\ view' = [c \in Known |-> IF c \in moved THEN 2 ELSE 1]
    /\ UNCHANGED <<owner, run, up, read, state, began, entering, pending, made, wire, misled, away>>

(* What it can append, so that no client refuses the log (which lets nobody arrive twice): invented arrivals and departures, foundings and entries in anybody's name, and every post, refused ones *)
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
    /\ \E e \in Forged(v) : (e.type = "arrived" => ArrivedAt(log[v], e.client) = 0) /\ AppendTo(v, e) /\ Did(<<"forge", v, e.type, e.client>>)
    /\ UNCHANGED <<owner, run, up, view, read, state, began, entering, pending, made, wire, misled, away>>

(* The cheapest forgery, by itself: the arrival of a client without papers, another one in each log. *)
Invent(v) ==
    /\ v = 1 \/ log[2] # <<>>
    /\ ArrivedAt(log[v], Clients + v) = 0 /\ Spend("ghost")
    /\ AppendTo(v, Arrived(Clients + v)) /\ Did(<<"invent", v>>)
    /\ UNCHANGED <<owner, run, up, view, read, state, began, entering, pending, made, wire, misled, away>>

NextServer ==
    /\ \/ NextHonest
       \/ \E moved \in SUBSET Known : Split(moved) /\ Did(<<"split", moved>>)
       \/ \E v \in Views : Forge(v) \/ Invent(v)
    /\ posted' = posted \union {<<c, pending'[c]>> : c \in {d \in DOMAIN pending' : pending'[d] # NoPost}}

(* A malicious server may do nothing any more, so there is no deadlock to look for. *)
Silence == UNCHANGED <<vars, posted>> /\ Did(<<>>)

ServerSpec == Init /\ posted = {} /\ [][NextServer \/ Silence]_<<vars, posted, did>>
=============================================================================
