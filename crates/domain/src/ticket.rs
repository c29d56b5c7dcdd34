//! Support tickets: their words, and what may happen to one in which state.

mod file;
mod life;
mod words;

pub use file::{FileError, FileName, FileType, MOST_BYTES_TOGETHER, MOST_FILE_BYTES, MOST_FILES};
pub use life::{After, Caps, Due, Helper, Life, Quiet, REOPEN_MS, cap};
pub use words::{Body, Note, Subject, without_keys};

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant),* }

        impl $name {
            /// All of them, in their order.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// The word in the database, in the API and in names of messages.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = TicketError;

            fn from_str(word: &str) -> Result<$name, TicketError> {
                $name::ALL.iter().copied().find(|one| one.as_str() == word).ok_or(TicketError::Unknown(stringify!($name)))
            }
        }
    };
}

words! {
    /// Where a ticket stands.
    State {
        /// Written down, while its place on Discord is made.
        Opening = "opening",
        /// The customer waits for an answer.
        Open = "open",
        /// We wait for the customer.
        Waiting = "waiting",
        /// Done.
        Closed = "closed",
    }
}

words! {
    /// What a ticket is about.
    Category {
        /// No connection, or a slow one.
        Connection = "connection",
        /// The app, a file, a device.
        Setup = "setup",
        /// Prices, invoices, refunds.
        Payment = "payment",
        /// Log-in, address, deletion.
        Account = "account",
        /// Anything else.
        Other = "other",
    }
}

words! {
    /// How soon a ticket is to be answered.
    Priority {
        /// Within three days.
        Low = "low",
        /// Within a day.
        Normal = "normal",
        /// Within four hours.
        High = "high",
        /// Within an hour.
        Urgent = "urgent",
    }
}

impl Priority {
    /// How long a customer may wait for an answer, in milliseconds.
    pub fn patience_ms(self) -> i64 {
        const HOUR_MS: i64 = 3_600_000;
        match self {
            Priority::Low => 72 * HOUR_MS,
            Priority::Normal => 24 * HOUR_MS,
            Priority::High => 4 * HOUR_MS,
            Priority::Urgent => HOUR_MS,
        }
    }
}

words! {
    /// Who did something to a ticket.
    Side {
        /// The customer.
        Customer = "customer",
        /// One of the team.
        Staff = "staff",
        /// The clock.
        System = "system",
    }
}

words! {
    /// What an entry of a ticket is.
    Entry {
        /// Written for the other side.
        Message = "message",
        /// Written by the team for the team.
        Note = "note",
        /// Something that was done; its text is the word for it.
        Event = "event",
    }
}

words! {
    /// Something that was done to a ticket.
    Deed {
        /// Taken by one of the team.
        Claimed = "claimed",
        /// Given back to all.
        Released = "released",
        /// Handed to another.
        Transferred = "transferred",
        /// Closed.
        Closed = "closed",
        /// Opened again.
        Reopened = "reopened",
        /// The customer was told that it will be closed.
        Warned = "warned",
        /// Sorted anew, by category or priority.
        Sorted = "sorted",
        /// Rated by the customer.
        Rated = "rated",
    }
}

/// A customer's verdict: 1 to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stars(u8);

impl Stars {
    /// Reads a number.
    pub fn parse(stars: i64) -> Result<Stars, TicketError> {
        u8::try_from(stars).ok().filter(|stars| (1..=5).contains(stars)).map(Stars).ok_or(TicketError::Stars)
    }

    /// The number.
    pub fn get(self) -> i64 {
        i64::from(self.0)
    }
}

/// Why something can't be done to a ticket, or be said in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// No such word; of which kind.
    #[error("there is no such word for a ticket's {0}")]
    Unknown(&'static str),
    /// Not a subject.
    #[error("a subject is one line of 3 to 120 characters")]
    Subject,
    /// Not a message.
    #[error("a message has 1 to 4000 characters")]
    Body,
    /// Not a short note.
    #[error("this is one line of at most 200 characters")]
    Note,
    /// Not a rating.
    #[error("a rating is 1 to 5")]
    Stars,
    /// It is closed.
    #[error("this ticket is closed")]
    Closed,
    /// It was closed longer ago than [`REOPEN_MS`].
    #[error("this ticket was closed more than seven days ago; open a new one")]
    ClosedForGood,
    /// It is not closed.
    #[error("this ticket is not closed yet")]
    NotClosed,
    /// Another of the team has it.
    #[error("another of the team has this ticket")]
    Claimed,
    /// Nobody has it.
    #[error("nobody has claimed this ticket")]
    NotClaimed,
    /// It is another's, and only they or an admin can give it away.
    #[error("only who has claimed this ticket, or an admin, can give it away")]
    NotYours,
    /// It holds as much as one can.
    #[error("this ticket is full; open a new one")]
    Full,
    /// The customer's tickets hold as many files as they can.
    #[error("the files of all your tickets have 100 MB together; send this without a file")]
    FilesFull,
    /// Too many are open.
    #[error("you have as many open tickets as one can have; write in one of them, or close one")]
    TooManyOpen,
    /// Too many were opened today.
    #[error("you have opened as many tickets as one can in a day")]
    TooManyToday,
}

impl TicketError {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            TicketError::Unknown(_) => "ticket_word_unknown",
            TicketError::Subject => "ticket_subject_invalid",
            TicketError::Body => "ticket_body_invalid",
            TicketError::Note => "ticket_note_invalid",
            TicketError::Stars => "ticket_rating_invalid",
            TicketError::Closed => "ticket_closed",
            TicketError::ClosedForGood => "ticket_closed_for_good",
            TicketError::NotClosed => "ticket_not_closed",
            TicketError::Claimed => "ticket_claimed",
            TicketError::NotClaimed => "ticket_not_claimed",
            TicketError::NotYours => "ticket_not_yours",
            TicketError::Full => "ticket_full",
            TicketError::FilesFull => "ticket_files_full",
            TicketError::TooManyOpen => "tickets_too_many_open",
            TicketError::TooManyToday => "tickets_too_many_today",
        }
    }
}
