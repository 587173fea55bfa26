package view

// About says in a few lines what messages/ is, for the README.txt of a mount.
const About = `your messages, from all backups together, a folder for each account:
chats/<Conversation>/   web/ pages for a browser, text/ to search, json/ for programs, and
                        its media/, voice/, files/, stickers/, contacts/
index.html              where to begin in a browser
text/                   each message once, as text:
                          grep -ri "train station" text/
                          grep -h "< Alice" text/*/2026-05.txt
                          cat text/*/2026-*.txt | sort | less
                          grep -h '^.\{25\} > ' -r text/              (what you wrote)
                          grep -rhv '^.\{25\} \* ' text/Family/        (without events)
media/<year>/<month>/   all photos, videos and voice messages
timeline/<year>/        a file for each day, all conversations
contacts/  calls.txt  calls.csv
deleted/                what was in an older backup and is not in the newest
search/<words>/         type any words there: cat "search/train station/results.txt";
                        search/HOW-TO.txt tells what else can be asked for
by-id/                  links that stay the same when people change their names
signal-export/          the newest backup in the format of Signal's own export
about.txt               where all this comes from, and what is missing
Thumbnails and search indexes of a desktop copy what they read out of here to your disk.`
