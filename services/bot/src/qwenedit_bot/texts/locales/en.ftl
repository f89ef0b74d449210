### What the bot says in English. The same messages as in every other file of this folder; a test holds them together. Between a number and its unit stands a no-break space.

## Commands

start =
    👋 Hi! I'm a bot, and I edit photos. Send me one and say what to change, for example “make it snow”.

    Then just keep typing: “now at night”, “again”, “undo”. Your words are about the last picture.

    An AI edits the pictures, and each file says so. /privacy says what I keep.
help =
    Send a photo and say what to change. Then type the next change: it's for the last picture. To change an older one, reply to it.

    What works well:
    • what should stay: “turn the car red, keep the rest”
    • one thing at a time
    • quotes around text in the picture: a sign that says “OPEN”
    • several photos: “put the jacket from photo 2 on the person in photo 1”

    Under a picture: Again makes another version, Undo goes back, File is the picture in full quality, Styles are ready-made edits.{ $larger ->
        [0] {""}
       *[other] {" "}Larger makes one for print, of up to { $larger } megapixels.
    } Typing “again”, “undo”, “stop” or “how long?” works, too.

    Photos: JPEG, PNG, WebP, HEIC or AVIF up to 20 MB; transparent parts turn white. Words: up to { $length } characters, in any language. I answer in English or Russian: /language

    /presets, /status, /cancel, /privacy
privacy-short = A program edits your photos. I use them for nothing else, and delete them when the picture is ready. /forget deletes the rest, and says what stays.
privacy =
    What I keep, and for how long:

    • Your photos: until the picture is ready or cancelled. If it fails, { $failed } more, so that you can try again. I remove location and camera data at once.
    • My pictures: { $pictures } at most.
    • Your words, and links to your photos at Telegram, for Again and Undo: { $answered } after the picture, { $unanswered } at most.
    • A photo that waits for words, or words that wait for a photo: { $waiting }.
    • Requests that wait until other pictures of yours are ready: until I begin them.
    • Which message of mine answers which of yours, as numbers: { $replies }.
    • The language you chose with /language: { $language }.
privacy-counted = • How many pictures you had today: until 00:00 UTC. Pictures you were given: until you use them.
privacy-checked = • A service of this bot's owner checks photos and words before I begin, and pictures before you see them. It doesn't get your name. The owner decides what it keeps.
privacy-understood = • A language model that this bot's owner chose reads your words to understand them, and the words of your pictures in this chat. It gets no photos and no name. The owner decides what it keeps.
privacy-paid = • What you paid, so that you can get it back: { $paid } after your last payment.
privacy-promise =
    Your photos and words never go into logs.

    Each picture is marked as edited by AI. The mark doesn't name you or quote you.
period = { $unit ->
    [minutes] { $count ->
        [one] { $count } minute
       *[other] { $count } minutes
    }
    [hours] { $count ->
        [one] { $count } hour
       *[other] { $count } hours
    }
    [years] { $count ->
        [one] { $count } year
       *[other] { $count } years
    }
   *[days] { $count ->
        [one] { $count } day
       *[other] { $count } days
    }
}
forget =
    Shall I delete everything I keep about you? Photos, pictures, words, our conversation, your language and limits go at once and for good. Pictures that aren't ready are cancelled.

    Messages in this chat stay; you can delete them yourself. A ban stays, too.
forget-counted = I keep the number of pictures you had today until 00:00 UTC.
forget-paid = Your payments stay, and so do pictures you bought and haven't used.
forget-button = 🗑 Delete everything
forget-not-button = Keep it
forget-not = OK, I deleted nothing.
forgotten = 🗑 Done: I've deleted everything I kept about you. Send a photo to start again. What can't go at once follows by itself.

command-start = How it works
command-edit = Edit the photo you reply to
command-help = Tips
command-presets = Ready-made styles
command-status = Where my pictures are
command-cancel = Stop everything
command-language = Language: { $languages }
command-limits = How many pictures you have left
command-privacy = What I keep, and for how long
command-buy = More pictures for Telegram Stars
command-paysupport = Help with a payment
command-forget = Delete everything about me

## Answers to what is no job

ask-instruction = Nice photo! What should I change? Type it, for example “make it snow”, or pick a style.
ask-instruction-album = { $count } photos! What should I change? For example “put the jacket from photo 2 on the person in photo 1”.
which-photo = Which photo? Send it or reply to it, and I'll do this.
undone = ↩️ Back to this one.
nothing-before = There's nothing to undo.
undo-button = Undo
forgotten-how = I don't remember what I did last. Please say what to change, with a photo or in reply to one.
resume-button = Do it now
press-answered = You've already answered this.
gathered-with-words = “{ $said }”: each of the { $count } photos on its own, or one picture of them?
gathered-left-out = One picture takes up to { $limit } photos, so I left out the rest.
too-many-photos = I take up to { $limit } photos at once, so I left out the rest.
gathered-each = OK, each on its own. What should I change?
together-button = One picture
one-each-button = Each on its own
edited-in-time = ✏️ OK, now it's “{ $said }”.
begun = I'd already begun with the old words.
start-over-button = 🔁 Start over with this
anyway-button = Do it anyway
edited-refused = I can't use the new words: they're too long or against this bot's rules. I'm going with the old ones.
unknown-command = I don't know this command. /help says what I can do.
unsupported = { $kind ->
    [sticker] 😊 Nice sticker! I'm better with photos, though.
    [voice] I can't listen yet. Please type what to change.
    [audio] I can't do music. Please send a photo.
    [animation] I can't edit GIFs. Please send a photo.
    [video] I can't edit videos, and my pictures don't move. A screenshot of the best moment would do.
    [video_note] I can't edit videos. A screenshot of the best moment would do.
    [live_photo] I can't see the still in this live photo. Please send it as an ordinary photo.
    [document] I can't open this kind of file. Please send a JPEG, PNG, WebP or HEIC.
    [location] Nice place! But I only edit photos.
    [venue] Nice place! But I only edit photos.
    [contact] I can't do anything with a contact. Please send a photo.
    [poll] I don't vote. Please send a photo.
    [game] I don't play, I edit photos. Send me one!
    [dice] I don't play, I edit photos. Send me one!
    [story] I can't open stories. A screenshot would do.
    [paid_media] I can't open paid posts. Please send a photo.
    [gift] 🎁 What a nice gift, thank you!
    [unique_gift] 🎁 What a nice gift, thank you!
   *[other] I can't do anything with that. Please send a photo and say what to change.
}
album-mixed = { $kind ->
    [document] I left out a file that I can't open.
   *[video] I left out the video: I can't edit videos.
}
welcome = 😊 Glad to help!
album-hidden = In this group Telegram shows me only one photo of your album. Send it to me in private, or ask an admin to make me one.
group-help =
    👋 I edit photos, and here I act only when you call me:

    • “/edit make it snow” in a photo's caption, or in reply to anybody's photo;
    • “@{ $bot } make it snow”, the same.

    Only the person who asked for a picture can use its buttons. Everything else works in our private chat.
group-no-photo = Which photo? Reply to one with /edit or @{ $bot } and what to change. Or send the photo in reply to this.
trouble = Something broke on my side. Please send that again in a minute.
too-many-at-once = That was a lot at once! I skipped some of your messages. Please send them again, a few at a time.

## Language

language = Which language?
language-name = English
language-of-telegram = Same as Telegram
press-language = I'll use English from now on.

## Presets

presets = Pick a style, or type your own words.
preset-photo =
    { $name }
    { $example }

    { $count ->
        [1] Now send me the photo.
       *[other] Now send photo { $number } of { $count }: { $what }.
    }
preset-photo-in-group = Please reply to this message with it.
styles-button = Styles
help-button = 💡 Tips
language-button = 🌐 Language
back-button = ↩️ Back

## A job's message while it lasts

received = ⏳ Got it…
queued = { $position ->
    [1] ⏳ You're next in line.
   *[other] ⏳ Place in line: { $position }
}
ready-in = { $unit ->
    [seconds] Ready in about { $count } s
   *[minutes] Ready in about { $count } min
}
waking = 🔌 Waking up the server, which can take a few minutes
on-hold = ⏸️ The bot is taking a break. Your photo keeps its place.
late = 🐢 This takes longer than usual. If it gets stuck, I'll try again by myself.
delayed = 🔁 That didn't work at first. I'll try again in a moment…
starting = 🚀 Your turn: starting…
editing =
    🎨 Editing: step { $step } of { $steps }
    { $bar }
sending = 📤 Ready, sending…
stopping = ✋ Stopping…
wish = “{ $said }”
job = Job { $job }
nothing-in-the-works = Nothing in the works. Send me a photo and say what to change.
cancel-button = ✖️ Cancel

## A job's end

done = ✨ “{ $said }”
left = { $bought ->
    [0] { $today ->
        [0] none left today
       *[other] { $today } left today
    }
   *[other] { $left } left
}
cancelled = ✖️ Cancelled.
failed = { $reason ->
    [comfyui_unavailable] 😔 The server didn't answer, though I tried several times. Please try again in a few minutes.
    [timeout] 😔 This took too long, so I stopped it. Please try again, or ask for something simpler.
    [out_of_memory] 😔 This picture needs more memory than I have. Please send it as a photo, not as a file, or make it about 1,000 pixels wide.
    [server_out_of_memory] 😔 The server is out of memory. Your photo is fine; the owner of this bot has to fix this. Please try again later.
    [workflow_rejected] 😔 The server isn't set up for this edit. The owner of this bot has to fix this, and trying again won't help until then.
    [execution_failed] 😔 The server couldn't edit this picture. Please try other words or another photo.
    [worker_lost] 😔 The server went down several times on this picture. Please try again later, or with another photo.
    [picture_expired] 😔 This waited too long, and the photo is deleted. Please send it again.
    [picture_unreadable] 😔 The server couldn't read this picture. Please send it as a JPEG or PNG.
    [picture_too_large] 😔 This picture is too large for the server. Please send it as a photo, not as a file.
    [storage_full] 😔 Your picture was ready, but I had no room for it. Please try again in a few minutes.
    [expired] 😔 Its turn didn't come in time. Please try again later.
   *[unknown] 😔 Something went wrong with this picture. Please try again.
}
larger-out-of-memory = 😔 The server doesn't have the memory for a picture that large. You still have the smaller one.

again-button = Again
file = Without Telegram's compression. Open it to save or print it.
as-file-button = File
larger-said = larger, for printing
larger-button = Larger
try-again-button = 🔁 Try again
ask-further-in-group = What should I change? Reply to this message.

## Refusals

instruction-too-long = That's { $length } characters, and I can take { $limit }. Please make it shorter.
file-too-big = This file has { $megabytes } MB, and Telegram lets me fetch { $limit } MB at most. Please send it as a photo, not as a file.
file-unavailable = Telegram doesn't give me this file. Please send it again.
picture-refused = { $why ->
    [too_many_pixels] { $width } × { $height } pixels is more than I can open. Up to { $most } megapixels always works.
    [too_small] { $width } × { $height } pixels is too small. I need at least { $limit } on each side.
    [too_narrow] { $width } × { $height } pixels is too narrow for me. Please crop it: the long side may be { $ratio } times the short one.
    [damaged] Part of this file is missing. Please send it again, or another copy.
    [animated] I can't edit GIFs and other moving pictures. Please send a photo.
    [too_heavy] This file takes too long to open. Please send it as a photo, not as a file, or save it again as a JPEG.
   *[unknown] I can't read this file as a picture. I take JPEG, PNG, WebP, HEIC and AVIF.
}
about-photo = Photo { $number }: { $said }
queue-full = Too many people are waiting right now. Please try again in a few minutes.
storage-full = I'm out of room for pictures right now. Please try again in a few minutes.
waits-in-backlog = ⏳ I'll begin as soon as one of your other pictures is ready.
waits-for-result = ⏳ I'll do this to the result as soon as it's there.
nothing-to-follow = There's no result to do this to. Reply to a photo with these words, and I'll do it there.
in-backlog = { $count ->
    [one] { $count } more follows by itself.
   *[other] { $count } more follow by themselves.
}
backlog-full = { $count ->
    [one] { $count } picture is waiting already. Send this again when it's ready.
   *[other] { $count } pictures are waiting already. Send this again when some of them are ready.
}

moderation-refused = 🚫 This bot's rules don't allow this photo or these words, so I haven't started. Please try something else.
moderation-unavailable = I couldn't check this against the bot's rules, so I haven't started. Please try again in a few minutes.
pictures-forbidden = 🖼 Your picture is ready, but I may not send pictures here: photos, and files for large ones. Once an admin allows it, it comes right here.
result-refused = 🚫 This bot's rules don't allow what came out, so I deleted it. Please try other words.
result-unchecked = 😔 I couldn't check what came out against the bot's rules, so I deleted it. Please try again in a few minutes.

## Who may, and how much

not-invited = This bot is private: only people its owner invited can use it.
banned = The owner of this bot has blocked you. /privacy and /forget still work.
write-as-yourself = Please write to me as yourself: I can't see who speaks for a group or channel.
daily-limit = { $count ->
    [0] You have no pictures left.
    [one] You have used your picture for today. The next one comes at 00:00 UTC, in { $time }.
   *[other] You have used your { $count } pictures for today. New ones come at 00:00 UTC, in { $time }.
} I keep your last photo and your words for a day.
daily-limit-in-group = You have no pictures left today. /limits in our private chat says more. I keep your last photo and your words for a day.
left-today = { $count ->
    [0] None left today: { $per_day } a day are free. New ones come at 00:00 UTC, in { $time }.
    [one] { $count } picture left today: { $per_day } a day are free. New ones come at 00:00 UTC, in { $time }.
   *[other] { $count } pictures left today: { $per_day } a day are free. New ones come at 00:00 UTC, in { $time }.
}
left-bought = { $count ->
    [one] And { $count } more that never expires.
   *[other] And { $count } more that never expire.
}
no-limit = There's no daily limit.
free = It's free.
not-counted = It doesn't count.
withheld-counted = This one counts: only the first three such pictures of a day don't.
buy-hint = Want more now? /buy has the prices.
buy = More pictures for Telegram Stars. They never expire, and you use them once today's are gone. If a picture fails, you get it back. Stars are Telegram's own money: you buy them by card or in the app store when you pay. I take nothing else.
buy-button = { $jobs ->
    [one] { $jobs } picture
   *[other] { $jobs } pictures
} · ⭐ { $stars }
invoice-title = { $jobs ->
    [one] { $jobs } picture
   *[other] { $jobs } pictures
}
invoice-description = On top of each day's pictures. They never expire. If a picture fails, you get it back.
pack-gone = This is no longer on offer, and you paid nothing. See /buy.
paid = { $jobs ->
    [one] ⭐ Thank you! { $jobs } more picture is yours. /limits says how many you have.
   *[other] ⭐ Thank you! { $jobs } more pictures are yours. /limits says how many you have.
}
payment-returned = ⭐ { $stars } went back to you. The unused pictures of that purchase are gone.
pay-support =
    Sorry that something went wrong! Do you want your Stars back? Write to { $contact } and quote the payment's line from below. Telegram's own support can't help with this bot.

    If a picture fails, you get it back automatically.
payment = { $date } · ⭐ { $stars } · { $state ->
    [refunded] given back
   *[paid] { $left } of { $jobs } left
} · { $charge }
payments-of = User { $user } paid this. To refund a payment: /refund { $user } and the ID at the end of its line.
no-payments = User { $user } has made no such payment.
refunded = ⭐ { $stars } went back to user { $user }. The unused pictures are gone.
refunded-before = Already refunded: { $when }.
refund-refused = Telegram refuses the refund: { $why }
duration = { $hours ->
    [0] { $minutes } min
   *[other] { $hours } h { $minutes } min
}

## Cancelling

nothing-to-cancel = There's nothing to cancel.
not-yours-to-stop = You have nothing here to stop. Only the person who asked for a picture can stop it.
dialogue-cancelled = OK. Send another photo, or say what to change.
jobs-cancelled = { $count ->
    [one] OK, I've cancelled your picture.
   *[other] OK, I've cancelled your { $count } pictures.
}
press-cancelled = Cancelled
press-stopping = Stopping…
press-done = This picture is already finished. Type what to change in it.
press-failed = This one has already ended. Send the photo again to go on.
press-preset-gone = This style is gone. Pick another one, or type your own words.
press-in-the-works = I'm on it.
press-forgotten = I've forgotten this one. Reply to the picture and say what to change, or send the photo again.
press-expired = I no longer have this picture. Please send it again.
press-file-sent = Here it is ↑
press-file-gone = I no longer have the file. The picture in the chat stays: reply to it to change it.
press-file-refused = Telegram doesn't let me send files here. Ask an admin to allow them.
press-not-yours = Only the person who asked for this picture can use its buttons. Send me your own photo!
press-again = Once more…
press-larger = Making it larger…
press-not-now = Not right now

## For admins

paused = ⏸ Queue paused: running jobs finish, new ones wait. /resume to go on.
resumed = ▶️ The queue goes on; { $count } waiting.
admin-usage = Like this: { $usage }
not-an-admin = You can't ban an admin.
banned-user = User { $user } is banned, and their jobs are cancelled. /unban { $user } ends it.
unbanned-user = User { $user } isn't banned any more.
granted = { $count ->
    [one] User { $user } has { $count } more job, beyond those of the day.
   *[other] User { $user } has { $count } more jobs, beyond those of the day.
}
